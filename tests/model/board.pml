/* SPDX-License-Identifier: MIT */
/*
 * One slot of a board through two lives: begin_slot(), dmabuf_slot_publish() against dmabuf_slot_is_done() and
 * dmabuf_slot_outcome() of src/share/board.c. Memory is sequentially consistent here; the code's release and acquire
 * pairs give the orders that matter. The history has two entries instead of four.
 *
 * Life 1 (ctx 1) reaches seqno 1, then 2, then 3. Life 2 (ctx 2) reaches seqno 1, then fails at 3. Times are numbers of
 * publications, from 1.
 *
 * BUG 1  a reader does not look at ctx again
 * BUG 2  signalled is stored before the history
 * BUG 3  the slot is recycled while something of its first life is not done
 * BUG 4  an entry is not marked while it is written
 * BUG 5  the outcome does not look at ctx
 */
#ifndef BUG
#define BUG 0
#endif

#define ERROR 1
#define TRIES 2

byte ctx, signalled, event;
byte seqno[2], error[2], time[2];	/* history; seqno and error are one word, 0: being written */
byte reached[3], shown[3];		/* the truth, by ctx: before and after the store that shows it */
bool passed[3];				/* fences of this ctx have been sent */

/* seqno_error of an entry is one 64-bit word. */
inline store_entry(n, s, e) { d_step { seqno[n] = s; error[n] = e } }
inline load_entry(n, s, e) { d_step { s = seqno[n]; e = error[n] } }

inline publish(c, s, e)
{
#if BUG == 2
	reached[c] = s;
	signalled = s;
#endif
#if BUG != 4
	store_entry(event % 2, 0, 0);
#endif
	time[event % 2] = event + 1;
	store_entry(event % 2, s, e);
#if BUG != 2
	reached[c] = s;
	signalled = s;
#endif
	shown[c] = s;
	event = event + 1
}

inline begin_slot(c)
{
	ctx = 0;
	signalled = 0;
	store_entry(0, 0, 0);
	store_entry(1, 0, 0);
	ctx = c
}

active proctype owner()
{
	begin_slot(1);
	passed[1] = true;
	publish(1, 1, 0);
	publish(1, 2, 0);
#if BUG != 3
	publish(1, 3, 0);
#endif
	begin_slot(2);
	passed[2] = true;
	publish(2, 1, 0);
	publish(2, 3, ERROR)
}

inline is_done(c, s)
{
	if
	:: ctx != c -> done = true
	:: else ->
		seen = signalled;
#if BUG == 1
		done = seen >= s
#else
		done = seen >= s || ctx != c
#endif
	fi
}

/* read_entry() and find_publication(): the nearest publication at or after @s, and whether there is one before. */
inline find_publication(s)
{
	nearest = 255; has_earlier = false; err = 0; when = 0;
	for (n : 0 .. 1) {
		load_entry(n, es, ee);
		et = time[n];
		load_entry(n, es2, ee2);
		if
		:: es == 0 || es != es2 || ee != ee2
		:: else ->
			if
			:: es < s -> has_earlier = true
			:: es >= s && es - s < nearest -> nearest = es - s; err = ee; when = et
			:: else
			fi
		fi
	}
	if
	:: nearest && !has_earlier -> when = 0
	:: else
	fi
}

inline outcome(c, s)
{
	for (try : 1 .. TRIES) {
		ev = event;
		find_publication(s);
		if
		:: event == ev -> break
		:: else
		fi
	}
#if BUG != 5
	if
	:: ctx != c -> err = 0; when = 0
	:: else
	fi
#endif
}

/* Somebody who holds fence (c, s) and looks once, at any time. */
proctype reader(byte c; byte s; byte right_error; byte right_time)
{
	byte seen, n, es, ee, et, es2, ee2, nearest, err, when, ev, try;
	bool done, has_earlier, was_done;

	passed[c];
	was_done = shown[c] >= s;
	is_done(c, s);
	assert(!done || reached[c] >= s);	/* never early */
	assert(done || !was_done);		/* never late */
	if
	:: done ->
		outcome(c, s);
		assert(err == right_error);
		assert(!when || when == right_time)
	:: else
	fi
}

/* One reader is enough: readers write nothing. */
init {
	if
	:: run reader(1, 1, 0, 1)
	:: run reader(1, 2, 0, 2)
	:: run reader(1, 3, 0, 3)
	:: run reader(2, 1, 0, 4)
	:: run reader(2, 3, ERROR, 5)
	fi
}
