/* SPDX-License-Identifier: MIT */
/*
 * Layer: fence. Signalling sections: which code of a thread is on the way to a signal.
 *
 * Called by: implementers of fences around what leads to dma_fence_signal(), by dma_fence_signal() itself, and by waits.
 *
 * Invariant: the thread is in a section exactly between a begin that returned false and the end that got its cookie.
 * Nothing is checked here yet; the checker will look at the same state.
 */
#include "src/base/task.h"
#include "src/fence/fence-internal.h"

static __thread bool in_section;

bool dma_fence_begin_signalling(void)
{
	if (in_section || task_is_atomic())
		return true;
	in_section = true;
	return false;
}

void dma_fence_end_signalling(bool cookie)
{
	if (!cookie)
		in_section = false;
}

void __dma_fence_might_wait(void)
{
	bool was_in_section = in_section;

	/* Left for the moment of the wait: it is not the section itself that waits. */
	in_section = false;
	in_section = was_in_section;
}
