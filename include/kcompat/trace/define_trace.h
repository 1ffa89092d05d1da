/* SPDX-License-Identifier: MIT */
/* The kernel makes the code of its tracepoints here; ours have none. */
