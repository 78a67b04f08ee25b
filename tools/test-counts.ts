// SPDX-License-Identifier: Apache-2.0
// A reporter for node:test that says one thing: how many tests ended how, as one line of JSON.

import type { TestEvent } from 'node:test/reporters';

export interface TestCounts {
  readonly tests: number;
  readonly suites: number;
  readonly passed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly todo: number;
}

// node:test takes a reporter by its default export.
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type !== 'test:summary') continue;
    const { tests, suites, passed, cancelled, skipped, todo } = event.data.counts;
    const failed = tests - passed - cancelled - skipped - todo;
    const counts: TestCounts = { tests, suites, passed, failed, cancelled, skipped, todo };
    yield `${JSON.stringify(counts)}\n`;
  }
}
