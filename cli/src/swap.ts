// SPDX-License-Identifier: Apache-2.0
// Whether this host writes memory to a disk, where keys that were in it would stay.

/** Memory that swaps into memory, compressed. */
const IN_MEMORY = /^\/dev\/zram\d+$/;

/**
 * Of the text of Linux' `/proc/swaps`, the places that lie on a disk. A key held by the cryptographic library cannot be
 * kept out of them from within: its memory is not ours to lock.
 */
export function swapsOnDisk(text: string): readonly string[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [place = ''] = line.split(/\s+/);
      return place === '' || IN_MEMORY.test(place) ? [] : [place];
    });
}
