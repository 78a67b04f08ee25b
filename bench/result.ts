// SPDX-License-Identifier: Apache-2.0
// The shape in which every benchmark hands back what it measured.

export interface BenchResult {
  name: string;
  value: number;
  unit: string;
  target?: number;
  higherIsBetter: boolean;
}
