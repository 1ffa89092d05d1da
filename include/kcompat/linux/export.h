/* SPDX-License-Identifier: MIT */
/* All modules of a program are linked into it, so that every global symbol is exported as it is. */
#ifndef KCOMPAT_LINUX_EXPORT_H
#define KCOMPAT_LINUX_EXPORT_H

#define EXPORT_SYMBOL(symbol) _Static_assert(sizeof(&(symbol)), #symbol)
#define EXPORT_SYMBOL_GPL(symbol) EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_NS(symbol, ns) EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_NS_GPL(symbol, ns) EXPORT_SYMBOL(symbol)

#endif
