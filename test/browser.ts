// SPDX-License-Identifier: Apache-2.0
// A real browser for tests and pictures: the Chromium that npm delivers, unpacked once into .build.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium, type Browser } from 'playwright-core';

const FOLDER = fileURLToPath(new URL('../.build/browser/', import.meta.url));
const LAUNCH_MS_MAX = 60_000;
/** Libraries that small systems lack come along with the browser. */
const LIBRARIES = path.join(FOLDER, 'al2023', 'lib');
/** Pictures are to look alike on all machines, so the font that comes along goes first. */
const FONTS = path.join(FOLDER, 'fonts.conf');
const FONTS_TEXT = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${FOLDER}fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${FOLDER}font-cache</cachedir>
  <alias binding="strong"><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias binding="strong"><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
</fontconfig>
`;

/** Starts the browser, with further arguments of its own. `KONTOR_BROWSER` may name another Chromium of the machine's. */
export async function launchBrowser(args: readonly string[] = []): Promise<Browser> {
  const executablePath = process.env['KONTOR_BROWSER'] ?? (await unpack());
  return await chromium.launch({
    executablePath,
    timeout: LAUNCH_MS_MAX,
    args: ['--no-sandbox', '--no-zygote', '--font-render-hinting=none', ...args],
    env: {
      ...process.env,
      FONTCONFIG_FILE: FONTS,
      LD_LIBRARY_PATH: [process.env['LD_LIBRARY_PATH'], LIBRARIES]
        .filter((each) => each !== undefined)
        .join(':'),
    },
  });
}

/** The unpacker writes into the folder for temporary files, so that is ours while it works. */
async function unpack(): Promise<string> {
  const file = path.join(FOLDER, 'chromium');
  const done = path.join(FOLDER, 'done');
  if (fs.existsSync(done)) return file;
  const before = process.env['TMPDIR'];
  fs.rmSync(FOLDER, { recursive: true, force: true });
  fs.mkdirSync(FOLDER, { recursive: true });
  process.env['TMPDIR'] = FOLDER;
  try {
    const { default: pack, inflate } = await import('@sparticuz/chromium');
    await pack.executablePath();
    const archives = path.dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium')));
    await inflate(path.join(archives, '..', 'bin', 'al2023.tar.br'));
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
  fs.writeFileSync(FONTS, FONTS_TEXT);
  fs.writeFileSync(done, '');
  return file;
}
