/* SPDX-License-Identifier: MIT */
/* What must not happen: WARN reports it and goes on, BUG ends the program. */
#ifndef KCOMPAT_LINUX_BUG_H
#define KCOMPAT_LINUX_BUG_H

#include <linux/printk.h>

/* Both print where; @format may be NULL. */
void __kcompat_warn(const char *file, int line, const char *func, const char *format, ...) KCOMPAT_API(warn);
void __kcompat_bug(const char *file, int line, const char *func) KCOMPAT_API(bug) __attribute__((__noreturn__));

#define BUG() __kcompat_bug(__FILE__, __LINE__, __func__)
#define BUG_ON(condition)               \
	do {                            \
		if (unlikely(condition)) \
			BUG();          \
	} while (0)

#define WARN(condition, ...)                                                       \
	({                                                                         \
		bool warn_ = !!(condition);                                        \
		if (unlikely(warn_))                                               \
			__kcompat_warn(__FILE__, __LINE__, __func__, __VA_ARGS__); \
		unlikely(warn_);                                                   \
	})
#define WARN_ON(condition) WARN(condition, NULL)
#define WARN_ONCE(condition, ...)                                                                    \
	({                                                                                           \
		static bool told_;                                                                   \
		bool once_ = !!(condition);                                                          \
		if (unlikely(once_) && !__atomic_exchange_n(&told_, true, __ATOMIC_RELAXED))         \
			__kcompat_warn(__FILE__, __LINE__, __func__, __VA_ARGS__);                   \
		unlikely(once_);                                                                     \
	})
#define WARN_ON_ONCE(condition) WARN_ONCE(condition, NULL)

#define BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)
#ifndef static_assert
#define static_assert _Static_assert
#endif

#endif
