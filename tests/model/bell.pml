/* SPDX-License-Identifier: MIT */
/*
 * The bell page between one owner and one importer: arm(), sleep_once(), enable_signaling(), check_pending() of
 * src/share/remote-fence.c against dmabuf_slot_publish() and dmabuf_share_ring(). No timeouts here: a sleeper that is
 * never woken is a deadlock, found as an invalid end state.
 *
 * Two threads sleep for fences 1 and 2 of a timeline and one adds a callback for either; the service thread runs it.
 *
 * BUG 1  the bit is set after the look
 * BUG 2  the owner takes the bits before it stores the slot
 * BUG 3  sleep on the wanted bits themselves: another sleeper sets them again between ring and sleep, the value fits,
 *        and the ring is lost; hence the count of rings
 * BUG 4  the service thread looks before it arms the door
 * BUG 5  the count is read after the look
 */
#ifndef BUG
#define BUG 0
#endif

#define SLEEPER 1
#define DOOR 2

byte wanted, rings;		/* struct bell */
byte signalled;			/* the slot */
byte door;			/* bytes waiting for the service thread */
bool asleep[2], rung[2];
bool lock;			/* of the peer's fences, protects pending */
bool pending[3], called[3];	/* by seqno */
byte added;

inline arm(what) { wanted = wanted | what }

/* futex_wait(): sleeps only if the word still is what the caller saw. */
inline futex_wait(i, word, seen)
{
	atomic {
		if
		:: word == seen -> asleep[i] = true; rung[i] = false
		:: else -> rung[i] = true
		fi
	}
	rung[i];
	asleep[i] = false
}

inline ring()
{
	atomic { taken = wanted; wanted = 0 }
	if
	:: taken & SLEEPER ->
#if BUG != 3
		rings = rings + 1;
#endif
		atomic { rung[0] = rung[0] || asleep[0]; rung[1] = rung[1] || asleep[1] }
	:: else
	fi;
	if
	:: taken & DOOR -> door = 1	/* a full socket has a byte in it already */
	:: else
	fi
}

active proctype owner()
{
	byte taken, i;

	for (i : 1 .. 2) {
#if BUG == 2
		ring();
		signalled = i
#else
		signalled = i;
		ring()
#endif
	}
}

active [2] proctype sleeper()
{
	byte me = _pid - 1, seqno = _pid, seen;

	do
	:: signalled >= seqno -> break
	:: else ->
#if BUG == 3
		arm(SLEEPER);
		seen = wanted;
		if
		:: !(seen & SLEEPER) || signalled >= seqno
		:: else -> futex_wait(me, wanted, seen)
		fi
#elif BUG == 1
		seen = rings;
		if
		:: signalled >= seqno
		:: else -> arm(SLEEPER); futex_wait(me, rings, seen)
		fi
#elif BUG == 5
		arm(SLEEPER);
		if
		:: signalled >= seqno
		:: else -> seen = rings; futex_wait(me, rings, seen)
		fi
#else
		seen = rings;
		arm(SLEEPER);
		if
		:: signalled >= seqno
		:: else -> futex_wait(me, rings, seen)
		fi
#endif
	od
}

/* dma_fence_add_callback() -> enable_signaling() */
active proctype adder()
{
	byte i;

	select(i : 1 .. 2);
	atomic { !lock -> lock = true };
	arm(DOOR);
	if
	:: signalled >= i -> called[i] = true	/* refused: -ENOENT */
	:: else -> pending[i] = true
	fi;
	lock = false;
	added = i
}

/* serve() -> empty_door(), dmabuf_remote_check_pending() */
active proctype service()
{
	byte i;
	bool done[3];

end:	do
	:: atomic { door -> door = 0 };
		atomic { !lock -> lock = true };
#if BUG == 4
		for (i : 1 .. 2) { done[i] = pending[i] && signalled >= i }
		if
		:: pending[1] || pending[2] -> arm(DOOR)
		:: else
		fi;
#else
		if
		:: pending[1] || pending[2] -> arm(DOOR)
		:: else
		fi;
		for (i : 1 .. 2) { done[i] = pending[i] && signalled >= i }
#endif
		for (i : 1 .. 2) {
			if
			:: done[i] -> pending[i] = false; called[i] = true
			:: else
			fi
		}
		lock = false
	od
}

/* The callback runs in the end. */
active proctype watch()
{
	added;
	called[added]
}
