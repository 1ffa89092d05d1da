/* SPDX-License-Identifier: MIT */
/* Memory that runs out when a test says so; for programs linked with -Wl,--wrap=calloc and no-memory.c. */
#ifndef TESTS_NO_MEMORY_H
#define TESTS_NO_MEMORY_H

#include <stdbool.h>

/* The allocations of this thread fail, all but the first @good. */
void no_memory(unsigned int good);
/* No longer. True if one has failed. */
bool memory_again(void);

#endif
