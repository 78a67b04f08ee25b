// SPDX-License-Identifier: Apache-2.0
// The few calls of Linux that Node has no function for, through `node:ffi`.

import type * as ffi from 'node:ffi';

/** Numbers of system calls that differ between processors. */
export interface Architecture {
  /** `AUDIT_ARCH_…` of linux/audit.h: what a seccomp filter sees. */
  readonly audit: number;
  readonly calls: Readonly<Record<CallName, number | null>>;
}

export type CallName =
  | 'accept'
  | 'accept4'
  | 'add_key'
  | 'bind'
  | 'bpf'
  | 'clone'
  | 'clone3'
  | 'connect'
  | 'execve'
  | 'execveat'
  | 'finit_module'
  | 'fork'
  | 'init_module'
  | 'io_uring_setup'
  | 'kcmp'
  | 'kexec_load'
  | 'keyctl'
  | 'kill'
  | 'listen'
  | 'mount'
  | 'open_by_handle_at'
  | 'openat'
  | 'perf_event_open'
  | 'pidfd_getfd'
  | 'pidfd_send_signal'
  | 'process_vm_readv'
  | 'process_vm_writev'
  | 'ptrace'
  | 'request_key'
  | 'seccomp'
  | 'setns'
  | 'socket'
  | 'socketpair'
  | 'unshare'
  | 'userfaultfd'
  | 'vfork';

/** arch/x86/entry/syscalls/syscall_64.tbl. */
const X64: Architecture = {
  audit: 0xc000003e,
  calls: {
    accept: 43,
    accept4: 288,
    add_key: 248,
    bind: 49,
    bpf: 321,
    clone: 56,
    clone3: 435,
    connect: 42,
    execve: 59,
    execveat: 322,
    finit_module: 313,
    fork: 57,
    init_module: 175,
    io_uring_setup: 425,
    kcmp: 312,
    kexec_load: 246,
    keyctl: 250,
    kill: 62,
    listen: 50,
    mount: 165,
    open_by_handle_at: 304,
    openat: 257,
    perf_event_open: 298,
    pidfd_getfd: 438,
    pidfd_send_signal: 424,
    process_vm_readv: 310,
    process_vm_writev: 311,
    ptrace: 101,
    request_key: 249,
    seccomp: 317,
    setns: 308,
    socket: 41,
    socketpair: 53,
    unshare: 272,
    userfaultfd: 323,
    vfork: 58,
  },
};

/** include/uapi/asm-generic/unistd.h. */
const ARM64: Architecture = {
  audit: 0xc00000b7,
  calls: {
    accept: 202,
    accept4: 242,
    add_key: 217,
    bind: 200,
    bpf: 280,
    clone: 220,
    clone3: 435,
    connect: 203,
    execve: 221,
    execveat: 281,
    finit_module: 273,
    fork: null,
    init_module: 105,
    io_uring_setup: 425,
    kcmp: 272,
    kexec_load: 104,
    keyctl: 219,
    kill: 129,
    listen: 201,
    mount: 40,
    open_by_handle_at: 265,
    openat: 56,
    perf_event_open: 241,
    pidfd_getfd: 438,
    pidfd_send_signal: 424,
    process_vm_readv: 270,
    process_vm_writev: 271,
    ptrace: 117,
    request_key: 218,
    seccomp: 277,
    setns: 268,
    socket: 198,
    socketpair: 199,
    unshare: 97,
    userfaultfd: 282,
    vfork: null,
  },
};

/** The processor's numbers, or null on systems other than Linux on x86-64 or arm64. */
export const ARCHITECTURE: Architecture | null = architecture();

function architecture(): Architecture | null {
  if (process.platform !== 'linux') return null;
  if (process.arch === 'x64') return X64;
  return process.arch === 'arm64' ? ARM64 : null;
}

const FUNCTIONS = {
  prctl: { arguments: ['i32', 'u64', 'u64', 'u64', 'u64'], return: 'i32' },
  setrlimit: { arguments: ['i32', 'buffer'], return: 'i32' },
  getrlimit: { arguments: ['i32', 'buffer'], return: 'i32' },
  fcntl: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  syscall: { arguments: ['i64', 'u64', 'u64', 'u64', 'u64', 'u64'], return: 'i64' },
} as const;

/** Throws where the process has no right to make native calls. */
export class Native {
  // Loaded where it is used: Node warns about the module as soon as it is.
  readonly #ffi = process.getBuiltinModule('node:ffi');
  readonly #library: ffi.DynamicLibraryResult<typeof FUNCTIONS> = this.#ffi.dlopen(null, FUNCTIONS);

  prctl(option: number, value: number): number {
    return this.#library.functions.prctl(option, BigInt(value), 0n, 0n, 0n);
  }

  setLimit(resource: number, most: bigint): number {
    const limit = Buffer.alloc(16);
    limit.writeBigUInt64LE(most, 0);
    limit.writeBigUInt64LE(most, 8);
    return this.#library.functions.setrlimit(resource, limit);
  }

  limitOf(resource: number): bigint | null {
    const limit = Buffer.alloc(16);
    return this.#library.functions.getrlimit(resource, limit) === 0
      ? limit.readBigUInt64LE(0)
      : null;
  }

  fcntl(fd: number, command: number, value: number): number {
    return this.#library.functions.fcntl(fd, command, value);
  }

  /** A buffer goes as its address, and must be held by the caller until the call returns. −1 where it failed. */
  call(number: number, ...given: readonly (number | Buffer)[]): number {
    const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n] = given.map((value) =>
      typeof value === 'number' ? BigInt.asUintN(64, BigInt(value)) : this.addressOf(value),
    );
    return Number(this.#library.functions.syscall(BigInt(number), a, b, c, d, e));
  }

  addressOf(buffer: Buffer): bigint {
    return this.#ffi.getRawPointer(buffer);
  }

  /** Nothing can be called any more, also not through functions bound before. */
  close(): void {
    this.#library.lib.close();
  }
}
