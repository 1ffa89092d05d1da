/* SPDX-License-Identifier: MIT */
/*
 * ww_mutex of a wait-die class: src/resv/ww-mutex.c. Three tasks want two locks in different orders, with the fast
 * paths on the owner word, the queue under wait_lock, and one task (ASYNC; 0: none) that is no thread: it is told by
 * over(), not woken.
 *
 * A task's number is the age of its ticket, 1 the oldest, so that a queue, which is sorted by age, is a set. All have
 * tickets. No sleep has an end of its own: a lost wake-up or a deadlock is an invalid end state.
 *
 * BUG 1  no second try after the waiters' mark is set
 * BUG 2  a queued waiter that must back off is not told: not by a new holder (check_waiters), not by one that queues in
 *        front (find_place); among tickets either alone would do
 * BUG 3  a lock with a first waiter that is no thread is freed instead of handed over
 * BUG 4  a queued waiter does not look at the holder (is_killed)
 * BUG 5  the fast unlock does not look at the mark
 * BUG 6  the older of two backs off
 */
#ifndef BUG
#define BUG 0
#endif
#ifndef ASYNC
#define ASYNC 2
#endif

#define N 3
#define GRANTED 1
#define KILLED 2

typedef Lock {
	byte owner;		/* with mark: one word */
	bool mark;		/* OWNER_WAITERS */
	bool wait_lock;
	bool queued[N + 1];
	bool handoff[N + 1], granted[N + 1];
	byte inside;		/* for mutual exclusion */
}
Lock lock[2];
byte acquired[N + 1];
bool lock_wake[N + 1];		/* struct dmabuf_task */
byte over[N + 1];		/* what the async waiter was told */

#define L lock[l]
#define first_waiter(i) (i == 1 -> (L.queued[1] -> 1 : (L.queued[2] -> 2 : (L.queued[3] -> 3 : 0))) : 0)
#if BUG == 6
#define is_older(a, b) ((a) > (b))
#else
#define is_older(a, b) ((a) < (b))
#endif

inline spin_lock() { atomic { !L.wait_lock -> L.wait_lock = true } }
inline spin_unlock() { L.wait_lock = false }

inline leave_queue(w)
{
	d_step {			/* the list is private under wait_lock */
		L.queued[w] = false;
		if
		:: first_waiter(1) == 0 -> L.mark = false
		:: else
		fi
	}
}

inline kill_waiter(w)
{
	if
	:: w == ASYNC -> leave_queue(w); over[w] = KILLED
	:: else -> lock_wake[w] = true
	fi
}

/* The first waiter may hold other locks; it must not wait for an older holder then. */
inline become_holder(who)
{
	acquired[who] = acquired[who] + 1;
#if BUG != 2
	f = first_waiter(1);
	if
	:: f && acquired[f] && is_older(who, f) -> kill_waiter(f)
	:: else
	fi
#endif
}

/* got: the lock was free and is ours, the mark stays */
inline try_take()
{
	atomic {
		if
		:: L.owner == 0 -> L.owner = me; got = true
		:: else -> got = false
		fi
	}
}

/* dead: an older ticket holds the lock or queues in front */
inline is_killed()
{
	d_step {			/* nothing of this changes while wait_lock is held and the mark is set */
		f = first_waiter(1);
		dead = acquired[me] && ((L.owner && is_older(L.owner, me)) || (f && f != me && is_older(f, me)));
		f = 0
	}
}

/* find_place(): younger ones that hold locks are told to back off, oneself behind an older one */
inline find_place()
{
	dead = false;
	w = N;
	do
	:: w == 0 || dead -> break
	:: else ->
		if
		:: !L.queued[w]
		:: L.queued[w] && !is_older(me, w) ->
			if
			:: acquired[me] -> dead = true
			:: else -> w = 1
			fi
		:: else ->
			if
#if BUG != 2
			:: acquired[w] -> kill_waiter(w)
#endif
			:: else
			fi
		fi;
		w = w - 1
	od
}

/* wait_lock held. got, dead, or neither: in the queue */
inline take_or_enqueue()
{
	dead = false;
	try_take();
	if
	:: got -> become_holder(me)
	:: else ->
		d_step { L.granted[me] = false; L.handoff[me] = false; over[me] = 0 };
		find_place();
		if
		:: dead
		:: else ->
			L.queued[me] = true;
			L.mark = true;
#if BUG != 1
			try_take();
#endif
			if
			:: got -> leave_queue(me); become_holder(me)
			:: else ->
#if BUG != 4
				is_killed();
#endif
				if
				:: dead -> leave_queue(me)
				:: else
				fi
			fi
		fi
	fi
}

/* ww_mutex_lock(), dmabuf_ww_lock_async(): ends with got or dead */
inline ww_lock(which)
{
	l = which;
	dead = false;
	atomic {			/* ww_lock_fast() */
		if
		:: L.owner == 0 && !L.mark -> L.owner = me; got = true
		:: else -> got = false
		fi
	}
	if
	:: got -> acquired[me] = acquired[me] + 1
	:: else ->
		spin_lock();
		take_or_enqueue();
		if
		:: me == ASYNC ->
			spin_unlock();
			if
			:: got || dead
			:: else -> over[me]; got = over[me] == GRANTED; dead = !got
			fi
		:: else ->		/* wait_for_turn() */
			do
			:: got || dead -> break
			:: else ->
				spin_unlock();
				atomic { lock_wake[me] -> lock_wake[me] = false };
				spin_lock();
				if
				:: L.granted[me] -> got = true
				:: else ->
					try_take();
					if
					:: got -> leave_queue(me); become_holder(me)
					:: else ->
						is_killed();
						if
						:: dead -> leave_queue(me)
						:: else -> L.handoff[me] = true
						fi
					fi
				fi
			od;
			spin_unlock()
		fi
	fi
}

inline hand_over(to)
{
	L.owner = to;			/* the mark is set and stays so until leave_queue() */
	leave_queue(to);
	L.granted[to] = true;
	become_holder(to);
	if
	:: to == ASYNC -> over[to] = GRANTED
	:: else -> lock_wake[to] = true
	fi
}

inline ww_unlock(which)
{
	l = which;
	acquired[me] = acquired[me] - 1;
	atomic {			/* ww_unlock_fast() */
		if
#if BUG == 5
		:: true -> L.owner = 0; got = true
#else
		:: !L.mark -> L.owner = 0; got = true
		:: else -> got = false
#endif
		fi
	}
	if
	:: got
	:: else ->			/* unlock_slow() */
		spin_lock();
		w = first_waiter(1);
#if BUG == 3
		if
		:: w && L.handoff[w] -> hand_over(w)
#else
		if
		:: w && (w == ASYNC || L.handoff[w]) -> hand_over(w)
#endif
		:: else ->
			L.owner = 0;
			if
			:: w && w != ASYNC -> lock_wake[w] = true
			:: else
			fi
		fi;
		spin_unlock()
	fi
}

inline enter(which) { d_step { lock[which].inside++; assert(lock[which].inside == 1 && lock[which].owner == me) } }
inline leave(which) { lock[which].inside-- }

proctype task(byte me; byte one)
{
	byte l, f, w;
	bool got, dead;

	ww_lock(one);
	assert(got && !dead);		/* who holds nothing never backs off */
	enter(one);
	do
	:: ww_lock(1 - one);
		if
		:: got -> break
		:: else -> skip
		fi;
		assert(me != 1);	/* the oldest never does */
		leave(one);
		ww_unlock(one);
		one = 1 - one;		/* the contended one first */
		ww_lock(one);
		assert(got && !dead);
		enter(one)
	od;
	enter(1 - one);
	leave(one);
	ww_unlock(one);
	leave(1 - one);
	ww_unlock(1 - one)
}

init {
	atomic {
		run task(1, 0);
		run task(2, 1);
		run task(3, 0)
	}
	_nr_pr == 1;
	assert(!lock[0].owner && !lock[0].mark && !lock[1].owner && !lock[1].mark)
}
