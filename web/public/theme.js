// SPDX-License-Identifier: Apache-2.0
// Sets the chosen theme before the first paint, so that a dark desk never flashes white.
try {
  const preferences = JSON.parse(localStorage.getItem('kontor.preferences') || '{}');
  if (preferences.theme === 'dark' || preferences.theme === 'light') {
    document.documentElement.dataset.theme = preferences.theme;
  }
} catch {
  // Without readable preferences the system's choice stands.
}
