// SPDX-License-Identifier: Apache-2.0
// Builds the desk into web/dist: hashed files, nothing inline, nothing from elsewhere.

import react from '@vitejs/plugin-react';
import { defineConfig, type UserConfig } from 'vite';

const config: UserConfig = defineConfig({
  plugins: [react()],
  build: {
    target: ['chrome125', 'edge125', 'firefox128', 'safari17.5'],
    // The page's content security policy allows no `data:` address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // One style sheet: rules keep one order, and no page is drawn before its styles are there.
    cssCodeSplit: false,
    reportCompressedSize: false,
    rolldownOptions: {
      treeshake: {
        // Modules of the trading machine only define; a page takes what it uses and nothing else.
        moduleSideEffects: (id) => !/[\\/]core[\\/]src[\\/]/.test(id),
      },
    },
  },
});

export default config;
