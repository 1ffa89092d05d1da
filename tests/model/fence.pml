/* SPDX-License-Identifier: MIT */
/*
 * One fence: dma_fence_signal(), dma_fence_enable_locked(), dma_fence_add_callback(), dma_fence_remove_callback() and
 * dma_fence_default_wait() of src/fence. The device finishes on its own and signals only if it was asked to; whoever
 * asks looks at the device afterwards, as the enable_signaling op does.
 *
 * Two users, each with a callback of its own on its stack: one adds it and takes it away at some time, one waits. A
 * third only asks whether it is signalled, once.
 *
 * BUG 1  add_callback relies on its look without the lock
 * BUG 2  enable looks at the device before it asks for the signal
 * BUG 3  a wait that ran out of time leaves its waker in the list
 * BUG 4  signal runs the callbacks again that a second signal finds: it does not test the bit under the lock
 */
#ifndef BUG
#define BUG 0
#endif

bool lock;			/* of the fence */
bool signaled, is_enabled;		/* flag bits */
bool device_done;
bool listed[2];			/* cb_list, by user */
bool on_stack[2] = true;	/* the callback's memory is there */
byte ran[2];
byte times_signaled;

inline spin_lock() { atomic { !lock -> lock = true } }
inline spin_unlock() { lock = false }

inline run_callback(i)
{
	if
	:: listed[i] ->
		listed[i] = false;
		assert(on_stack[i]);
		ran[i] = ran[i] + 1
	:: else
	fi
}

/* dma_fence_signal_timestamp_locked() */
inline signal_locked()
{
	if
#if BUG != 4
	:: signaled
#endif
	:: else ->
		d_step { signaled = true; times_signaled = times_signaled + 1 };
		run_callback(0);
		run_callback(1)
	fi
}

/* dma_fence_enable_locked(); ok: signalling is on and the fence is pending */
inline enable_locked()
{
	atomic {
		was_enabled = is_enabled;
#if BUG != 2
		is_enabled = true
#endif
	};
	if
	:: signaled -> ok = false
	:: else ->
		if
		:: was_enabled -> ok = true
		:: else ->
			if
			:: device_done -> ok = false; signal_locked()
			:: else -> ok = true
			fi
		fi
	fi;
#if BUG == 2
	is_enabled = true
#else
	skip
#endif
}

active proctype device()
{
	device_done = true;
	if
	:: is_enabled -> spin_lock(); signal_locked(); spin_unlock()
	:: else
	fi
}

/* dma_fence_is_signaled() with a signaled op */
active proctype looker()
{
	if
	:: signaled
	:: else ->
		if
		:: device_done -> spin_lock(); signal_locked(); spin_unlock(); assert(signaled)
		:: else
		fi
	fi
}

active proctype adder()
{
	bool ok, was_enabled, added, removed;

	if
	:: signaled -> goto gone
	:: else
	fi;
	spin_lock();
#if BUG == 1
	is_enabled = true;
	added = true;
	listed[0] = true;
#else
	enable_locked();
	if
	:: ok -> listed[0] = true; added = true
	:: else
	fi;
#endif
	spin_unlock();
	if
	:: added ->
		if
		:: skip ->		/* dma_fence_remove_callback() */
			spin_lock();
			removed = listed[0];
			listed[0] = false;
			spin_unlock();
			assert(removed == (ran[0] == 0))
		:: skip ->		/* or wait for it, which has to end */
			ran[0]
		fi
	:: else
	fi;
gone:	on_stack[0] = false;
	assert(ran[0] <= 1)
}

active proctype waiter()
{
	bool ok, was_enabled, out_of_time;

	spin_lock();			/* dma_fence_enable_sw_signaling() */
	enable_locked();
	spin_unlock();
	spin_lock();			/* dma_fence_default_wait() */
	if
	:: signaled
	:: else ->
		listed[1] = true;
		do
		:: signaled || out_of_time -> break
		:: else ->
			spin_unlock();
			if
			:: ran[1]			/* woken */
			:: out_of_time = true		/* or not */
			fi;
			spin_lock()
		od
	fi;
#if BUG != 3
	listed[1] = false;
#endif
	spin_unlock();
	on_stack[1] = false;
	assert(ran[1] <= 1)
}

/* Signalled in the end, and once. */
active proctype watch()
{
	signaled;
	assert(times_signaled == 1);
	!lock;
	assert(times_signaled == 1)
}
