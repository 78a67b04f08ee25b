// SPDX-License-Identifier: Apache-2.0
// A seccomp filter: the system calls that a process without children, or also without network, has no use for fail.
// Formats: linux/filter.h, linux/seccomp.h.

import { ARCHITECTURE, type Architecture, type CallName, type Native } from './native.ts';

const SET_MODE_FILTER = 1;
/** For all threads at once, those of V8's pool included. */
const FLAG_TSYNC = 1;

const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const JUMP_BITS = 0x45;
const RETURN = 0x06;

const OFFSET_NUMBER = 0;
const OFFSET_ARCHITECTURE = 4;
const OFFSET_FIRST_ARGUMENT = 16;

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const ERRNO = 0x00050000;
const EPERM = 1;
/** Makes libc fall back from clone3, whose flags a filter cannot read, to clone. */
const ENOSYS = 38;
const CLONE_THREAD = 0x00010000;
/** Calls of the x32 interface of x86-64 have this bit. */
const X32 = 0x40000000;

const NETWORK: readonly CallName[] = [
  'socket',
  'socketpair',
  'connect',
  'bind',
  'listen',
  'accept',
  'accept4',
];
const DENIED: readonly CallName[] = [
  'execve',
  'execveat',
  'fork',
  'vfork',
  'kill',
  'pidfd_send_signal',
  'pidfd_getfd',
  'ptrace',
  'process_vm_readv',
  'process_vm_writev',
  'kcmp',
  'bpf',
  'perf_event_open',
  'userfaultfd',
  'io_uring_setup',
  'open_by_handle_at',
  'mount',
  'unshare',
  'setns',
  'init_module',
  'finit_module',
  'kexec_load',
  'add_key',
  'request_key',
  'keyctl',
];

/** Puts the filter in force for the whole process, for good; returns why that was not possible, or null. */
export function filterCalls(native: Native, hasNetwork: boolean): string | null {
  if (ARCHITECTURE === null) return 'no filter is known for this processor';
  const { seccomp } = ARCHITECTURE.calls;
  if (seccomp === null) return 'no filter is known for this processor';
  const filter = program(ARCHITECTURE, hasNetwork);
  // struct sock_fprog: u16 length, padding, pointer.
  const described = Buffer.alloc(16);
  described.writeUInt16LE(filter.length / 8, 0);
  described.writeBigUInt64LE(native.addressOf(filter), 8);
  return native.call(seccomp, SET_MODE_FILTER, FLAG_TSYNC, described) === 0
    ? null
    : 'the kernel refused a seccomp filter';
}

/** The filter as `struct sock_filter`s: u16 code, u8 jump if true, u8 jump if false, u32 operand. */
export function program({ audit, calls }: Architecture, hasNetwork: boolean): Buffer {
  const lines: (readonly [code: number, ifTrue: number, ifFalse: number, operand: number])[] = [
    [LOAD, 0, 0, OFFSET_ARCHITECTURE],
    [JUMP_EQUAL, 1, 0, audit],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, OFFSET_NUMBER],
    [JUMP_AT_LEAST, 0, 1, X32],
    [RETURN, 0, 0, ERRNO | EPERM],
  ];
  for (const name of hasNetwork ? DENIED : [...NETWORK, ...DENIED]) {
    const number = calls[name];
    if (number !== null) lines.push([JUMP_EQUAL, 0, 1, number], [RETURN, 0, 0, ERRNO | EPERM]);
  }
  const { clone, clone3 } = calls;
  if (clone3 !== null) lines.push([JUMP_EQUAL, 0, 1, clone3], [RETURN, 0, 0, ERRNO | ENOSYS]);
  if (clone !== null) {
    lines.push(
      [JUMP_EQUAL, 0, 3, clone],
      [LOAD, 0, 0, OFFSET_FIRST_ARGUMENT],
      [JUMP_BITS, 1, 0, CLONE_THREAD],
      [RETURN, 0, 0, ERRNO | EPERM],
    );
  }
  lines.push([RETURN, 0, 0, ALLOW]);
  const bytes = Buffer.alloc(lines.length * 8);
  for (const [index, [code, ifTrue, ifFalse, operand]] of lines.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(operand >>> 0, index * 8 + 4);
  }
  return bytes;
}
