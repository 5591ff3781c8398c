/*
 * The gates and the snapshot protocol of VNsnap, for SPIN. README.md beside this file says what is modelled, what is
 * left out and why that is sound, and how to run it.
 *
 * Three VMs with one VNIC each on one link, so six channels; two snapshots in a row, each sealed or aborted; FRAMES
 * data frames, each sent at any time, by any VM, to any other.
 *
 * Every action is one d_step, guarded by what it needs, in a process that has one control state: what can happen next
 * depends on the variables alone, in any interleaving. Orders and reports are not objects: an order can be carried out
 * at any time after it was given, in any order with others, until it is stale, and a report can be read at any time
 * after it became true. Frames and markers are objects, and travel.
 *
 * Options:
 *   FRAMES=n        data frames in a run: 1, 2 or 3 (default 2)
 *   NONFIFO         channels deliver in any order
 *   DROPS           a shut gate may be full: the frame is dropped and counted
 *   CRASH           the coordinator may vanish at any moment
 *   IMPATIENT       the next snapshot may start before all VMs have carried out the abort of the last one
 *   FAULTLESS       no abort, no deadline, no crash; then both snapshots must be sealed
 *   LAZY            without the reduction by priorities (README.md)
 *   GOAL_...        fails when something good was reached, to show that the model can do it
 *   BREAK_...       puts a mistake into the protocol, which must be found
 */
#if defined(FAULTLESS) || defined(GOAL_RECORDED) || defined(GOAL_HELD)
#define COUNT_SEALED
#endif
#ifndef FRAMES
#define FRAMES 2
#endif
#define SNAPSHOTS 2

/* What a VM is doing for a snapshot. The gate is shut from HOLDING to RESUMED; the VM is paused where it says so. */
#define IDLE 0      /* nothing */
#define PREPARED 1  /* ready for a cut */
#define HOLDING 2   /* gate shut; QEMU takes what was written to its socket */
#define STOPPED 3   /* paused: this is the VM's cut; what it had sent is read out */
#define RED 4       /* paused; gate red, markers sent, capture begins */
#define RESUMED 5   /* the capture goes on behind the running VM */
#define LOGGING 6   /* gate open; white frames that arrive are recorded */
#define STORED 7    /* image and channel logs are durable */
#define WAKING 8    /* paused; the cut was given up, the gate is open, the VM is about to be resumed */

/* Where a frame is. */
#define UNSENT 0
#define WRITTEN 1   /* in the sending VM's socket */
#define TRAVELS 2   /* in the channel, with the colour of the sender's gate */
#define WAITS 3     /* at the receiver's gate */
#define HANDED 4    /* in the receiving VM's socket: delivered, as far as the gate can see */
#define TAKEN 5     /* the guest has it */
#define DROPPED 6
#define SETTLED 7   /* taken before the current snapshot began */

/* What the coordinator is doing. */
#define READY 0
#define PREPARING 1
#define CUTTING 2
#define SEALING 3   /* the manifest may be written at any moment */
#define ABORTING 4
#define GONE 5      /* crashed, and never heard of again */

typedef Vm {
  unsigned step : 4;
  unsigned snap : 2;     /* snapshot that step is about; 0: none */
  unsigned epoch : 2;    /* of the gate */
  bit expired;           /* the gate has given this cut up, and the VM does not know it yet */
  unsigned cuts : 2;     /* the last snapshot whose cut the guest is past: the truth, which no gate sees */
  unsigned prepared : 2; /* the last snapshot for which Prepared was reported */
  unsigned outbox : 2;   /* frames in the socket from the VM */
  unsigned inbox : 2     /* frames in the socket to the VM */
};

typedef Channel {
  bit marker1;             /* marker of epoch 1 in flight, with its count */
  unsigned sent1 : 2;
  bit marker2;
  unsigned sent2 : 2;
  unsigned marked : 2;     /* receiver: epoch of the last marker that matters, with its count */
  unsigned count : 2;
  unsigned sent : 2;       /* sender: frames sent in all */
  unsigned delivered : 2;  /* receiver: frames handed to the VM in all */
  unsigned accounted : 2;  /* receiver, of this cut: delivered and dropped before it, and recorded since */
  unsigned dropped : 2;    /* receiver: frames dropped in all */
  unsigned droppedRed : 2  /* receiver: those of them with a colour ahead of the gate's */
};

typedef Frame {
  unsigned place : 3;
  unsigned from : 2;
  unsigned to : 2;
  unsigned born : 2;  /* the sender's cuts when its guest sent it: the truth */
  unsigned tag : 2;   /* the sender's epoch when its gate read it: the colour */
  unsigned got : 2;   /* the receiver's cuts when its guest took it: the truth */
  bit recorded        /* is in the receiver's log of the current cut */
};

Vm vm[3];
Channel channel[9];
Frame frame[FRAMES];

unsigned phase : 3;
unsigned snap : 2;     /* the snapshot of the phase, or the last one */
unsigned aborted : 2;  /* the last snapshot that was aborted */
bit cutOrdered;
#ifdef COUNT_SEALED
unsigned sealed : 2;   /* snapshots sealed */
#endif

/* The properties. Each is set and asserted in one step, so that a violation is reported by its name. */
hidden byte orphan;       /* taken before the receiver's cut, sent after the sender's */
hidden byte missing;      /* white, and neither taken before the cut, nor recorded, nor counted as dropped */
hidden byte twice;        /* in the snapshot twice: recorded and taken before the cut, recorded twice, or red */
hidden byte unbalanced;   /* a closed log that does not balance */
hidden byte outOfOrder;   /* delivered before an older frame of the same channel */
hidden byte incomplete;   /* manifest written while an image or a log is not there */
hidden byte unequal;      /* epochs differ after a seal or an abort */
hidden byte paused;       /* nothing more will happen, and a VM is paused or a gate shut */
hidden byte kept;         /* nothing more will happen, and a frame has not arrived */
hidden byte unfinished;   /* nothing more will happen, and the coordinator still waits */
hidden byte goal;

#define CH(i, j) channel[(i) * 3 + (j)]
#define NEXT(v) ((v) == 2 -> 0 : (v) + 1)
#define PREV(v) ((v) == 0 -> 2 : (v) - 1)
#define ALL(P) (P(0) && P(1) && P(2))
#define BETWEEN(k, i, j) (frame[k].from == (i) && frame[k].to == (j))
#if FRAMES == 1
#define ANY(P, i, j, x) (P(0, i, j, x))
#elif FRAMES == 2
#define ANY(P, i, j, x) (P(0, i, j, x) || P(1, i, j, x))
#else
#define ANY(P, i, j, x) (P(0, i, j, x) || P(1, i, j, x) || P(2, i, j, x))
#endif

#define RUNS(v) (vm[v].step != STOPPED && vm[v].step != RED && vm[v].step != WAKING)
#ifdef BREAK_FORGET_HOLD
#define SHUT(v) false
#else
#define SHUT(v) (vm[v].step >= HOLDING && vm[v].step <= RESUMED && !vm[v].expired)
#endif
/* A cut is being logged: from turning red until the log is durable. */
#define LOGS(v) (vm[v].step >= RED && vm[v].step <= LOGGING)
#define RED_WAITS(k, v, j, x) (frame[k].place == WAITS && frame[k].to == (v) && frame[k].tag > vm[v].epoch)

/* ---- Order within a channel ---------------------------------------------------------------------------------- */

/* Frames are numbered in the order in which they were sent, so a lower number on the same channel is ahead. */
#define OLDER_WRITTEN(l, i, j, k) (l < (k) && frame[l].place == WRITTEN && frame[l].from == (i))
#define OLDER_TRAVELS(l, i, j, k) (l < (k) && frame[l].place == TRAVELS && BETWEEN(l, i, j))
#define OLDER_THERE(l, i, j, k) (l < (k) && BETWEEN(l, i, j) && frame[l].place < HANDED)
#define WHITE_TRAVELS(l, i, j, e) (frame[l].place == TRAVELS && BETWEEN(l, i, j) && frame[l].tag < (e))

#ifdef NONFIFO
#define FRAME_MAY_ARRIVE(k, i, j) true
#define MARKER_MAY_ARRIVE(i, j, e) true
#else
#define FRAME_MAY_ARRIVE(k, i, j) (!ANY(OLDER_TRAVELS, i, j, k) && \
    !(CH(i, j).marker1 && frame[k].tag >= 1) && !(CH(i, j).marker2 && frame[k].tag >= 2))
#define MARKER_MAY_ARRIVE(i, j, e) (!ANY(WHITE_TRAVELS, i, j, e) && !(e == 2 && CH(i, j).marker1))
#endif

/* ---- The gate ------------------------------------------------------------------------------------------------- */

/* Delivers frame k to VM j. */
inline deliver(k, i, j) {
#ifndef NONFIFO
  outOfOrder = ANY(OLDER_THERE, i, j, k);
  assert(!outOfOrder);
#endif
  frame[k].place = HANDED;
  vm[j].inbox++;
  CH(i, j).delivered++
}

/* The rules at an open gate, for a frame that is not ahead of it. */
inline pass(k, i, j) {
  if
  :: frame[k].tag < vm[j].epoch && LOGS(j) ->
#ifndef BREAK_FORGET_RECORD
     twice = frame[k].recorded;
     assert(!twice);
     frame[k].recorded = 1;
     CH(i, j).accounted++
#endif
  :: else
  fi;
  deliver(k, i, j)
}

/* Passes what waits at gate v, as far as it is not ahead of it, in the order of arrival on each channel. */
inline release(v) {
  l = 0;
  do
  :: l < FRAMES ->
     if
     :: frame[l].place == WAITS && frame[l].to == v && frame[l].tag <= vm[v].epoch ->
        pass(l, frame[l].from, v)
     :: else
     fi;
     l++
  :: else -> break
  od;
  l = 0
}

/* A shut gate whose queue is full. White for this cut is what is not ahead of the gate before it, behind it after. */
inline drop(k, i, j) {
  CH(i, j).dropped++;
  if
  :: frame[k].tag > vm[j].epoch -> CH(i, j).droppedRed++
  :: frame[k].tag < vm[j].epoch && LOGS(j) -> CH(i, j).accounted++
  :: else
  fi;
  frame[k].place = DROPPED; frame[k].tag = 0; frame[k].born = 0
}

/* A marker: of the cut that is being logged, or of one still to come. Others are of an aborted cut: ignored. */
inline see(i, j, e, n) {
  if
#ifdef BREAK_STALE_MARKER
  :: CH(i, j).marked = vm[j].epoch + (LOGS(j) -> 0 : 1); CH(i, j).count = n
#else
  :: vm[j].epoch < e || (vm[j].epoch == e && LOGS(j)) -> CH(i, j).marked = e; CH(i, j).count = n
  :: else
#endif
  fi
}

/* The receiver's side of a channel forgets a cut that is over. */
inline forget(i, j) {
  CH(i, j).accounted = 0;
  if
  :: CH(i, j).marked <= vm[j].epoch -> CH(i, j).marked = 0; CH(i, j).count = 0
  :: else
  fi
}

/* VM i, just red, sends its marker down the channel to j, with the count of all frames sent before. */
inline mark(i, j) {
  if
  :: vm[i].epoch == 1 -> CH(i, j).marker1 = 1; CH(i, j).sent1 = CH(i, j).sent
  :: vm[i].epoch == 2 -> CH(i, j).marker2 = 1; CH(i, j).sent2 = CH(i, j).sent
  :: else
  fi
}

/* VM j makes its cut: from now on white frames on the channel from i are counted as recorded. */
inline cut(i, j) {
#ifdef BREAK_RED_DROPS
  CH(i, j).accounted = CH(i, j).delivered + CH(i, j).dropped
#else
  CH(i, j).accounted = CH(i, j).delivered + CH(i, j).dropped - CH(i, j).droppedRed
#endif
}

#if defined(NONFIFO) && !defined(BREAK_CLOSE_AT_MARKER)
#define CLOSED(i, j) (CH(i, j).marked == vm[j].epoch && CH(i, j).accounted == CH(i, j).count)
#else
#define CLOSED(i, j) (CH(i, j).marked == vm[j].epoch)
#endif
#define BALANCED(i, j) (CH(i, j).accounted == CH(i, j).count)

/* Counts are of the whole run, never of an epoch: a frame may arrive two epochs after it was sent. */
inline newEpoch(v) {
#ifdef BREAK_COUNT_OF_EPOCH
  CH(v, NEXT(v)).sent = 0; CH(v, PREV(v)).sent = 0;
  CH(NEXT(v), v).delivered = 0; CH(PREV(v), v).delivered = 0;
#endif
  CH(NEXT(v), v).droppedRed = 0; CH(PREV(v), v).droppedRed = 0
}

/* VM v is paused: the truth about its cut. A cut made again, which a broken protocol can do, makes the first void. */
inline stop(v) {
  vm[v].cuts = vm[v].snap;
  l = 0;
  do
  :: l < FRAMES ->
     if :: frame[l].from == v && frame[l].born == vm[v].snap -> frame[l].born-- :: else fi;
     if :: frame[l].to == v && frame[l].got == vm[v].snap -> frame[l].got-- :: else fi;
     l++
  :: else -> break
  od;
  l = 0
}

/* Moves gate v on to an epoch without a cut, and lets through what that sets free. */
inline moveOn(v, e) {
#ifndef BREAK_ABORT_STAYS
  if
#ifdef BREAK_ABORT_ADDS_ONE
  :: true -> if :: vm[v].epoch < SNAPSHOTS -> vm[v].epoch++ :: else fi
#else
  :: vm[v].epoch < e -> vm[v].epoch = e
  :: else
#endif
  fi;
#endif
  newEpoch(v);
  forget(NEXT(v), v);
  forget(PREV(v), v);
  l = 0;
  do
  :: l < FRAMES ->
     if :: frame[l].to == v -> frame[l].recorded = 0 :: else fi;
     l++
  :: else -> break
  od;
  l = 0
}

/* VM v gives the snapshot up: its log and image go, the gate moves to epoch e and opens, the VM is resumed. */
inline quit(v, e) {
  if
  :: RUNS(v) -> vm[v].step = IDLE
  :: else -> vm[v].step = WAKING
  fi;
  vm[v].snap = 0;
  vm[v].expired = 0;
  moveOn(v, e);
#ifndef BREAK_ABORT_KEEPS_HELD
  release(v)
#endif
}

/* ---- Frames --------------------------------------------------------------------------------------------------- */

proctype FrameOnItsWay(byte k) {
end:
  do
  /* The guest sends it. All VMs are alike, so the first frame of a run goes from 0 to 1 without loss of generality. */
  :: d_step { frame[k].place == UNSENT && (k == 0 || frame[k - 1].place != UNSENT) && RUNS(frame[k].from) ->
       frame[k].place = WRITTEN; frame[k].born = vm[frame[k].from].cuts; vm[frame[k].from].outbox++ }
  /* The sender's gate reads it, stamps and counts it. */
  :: d_step { frame[k].place == WRITTEN && !ANY(OLDER_WRITTEN, frame[k].from, 0, k) ->
       frame[k].place = TRAVELS; frame[k].tag = vm[frame[k].from].epoch; vm[frame[k].from].outbox--;
       CH(frame[k].from, frame[k].to).sent++ }
  /* It arrives at the receiver's gate. */
#ifdef BREAK_RED_TO_WHITE
#define AHEAD(k) false
#else
#define AHEAD(k) (frame[k].tag > vm[frame[k].to].epoch)
#endif
  :: d_step { frame[k].place == TRAVELS && FRAME_MAY_ARRIVE(k, frame[k].from, frame[k].to) ->
       if
       :: SHUT(frame[k].to) || AHEAD(k) -> frame[k].place = WAITS
       :: else -> pass(k, frame[k].from, frame[k].to)
       fi }
#ifdef DROPS
  :: d_step { frame[k].place == TRAVELS && FRAME_MAY_ARRIVE(k, frame[k].from, frame[k].to) && SHUT(frame[k].to) ->
       drop(k, frame[k].from, frame[k].to) }
#endif
  od
}

proctype GuestTakes(byte k) {
end:
  do
  :: d_step { frame[k].place == HANDED && RUNS(frame[k].to) ->
       frame[k].place = TAKEN; frame[k].got = vm[frame[k].to].cuts; frame[k].tag = 0; vm[frame[k].to].inbox-- }
  od
}

proctype MarkerOnItsWay(byte i; byte j) {
end:
  do
  :: d_step { CH(i, j).marker1 && MARKER_MAY_ARRIVE(i, j, 1) ->
       CH(i, j).marker1 = 0; see(i, j, 1, CH(i, j).sent1); CH(i, j).sent1 = 0 }
  :: d_step { CH(i, j).marker2 && MARKER_MAY_ARRIVE(i, j, 2) ->
       CH(i, j).marker2 = 0; see(i, j, 2, CH(i, j).sent2); CH(i, j).sent2 = 0 }
  od
}

/* ---- A VM and its gate ---------------------------------------------------------------------------------------- */

#ifdef BREAK_NO_QUIET
#define QUIET(v) true
#else
#define QUIET(v) (vm[v].inbox == 0)
#endif
#ifdef BREAK_MARKER_BEFORE_DRAIN
#define DRAINED(v) true
#else
#define DRAINED(v) (vm[v].outbox == 0)
#endif

/* The VM has not carried out an abort yet that its gate can tell. */
#ifdef BREAK_ABORT_STAYS
#define MISSED(v) false
#else
#define MISSED(v) (vm[v].epoch < aborted)
#endif

proctype VmWithGate(byte v) {
  byte l;
  byte e;
end:
  do
  /* Prepare. An order for any other snapshot than the gate's next is stale. */
  :: d_step { phase >= PREPARING && phase != GONE && vm[v].step == IDLE && vm[v].epoch + 1 == snap ->
       vm[v].step = PREPARED; vm[v].snap = snap; vm[v].prepared = snap }

  /* Cut: by order, or because a red frame or a marker is here. */
  :: d_step { vm[v].step == PREPARED && ((cutOrdered && vm[v].snap == snap) || ANY(RED_WAITS, v, 0, 0) ||
       CH(NEXT(v), v).marked > vm[v].epoch || CH(PREV(v), v).marked > vm[v].epoch) ->
       vm[v].step = HOLDING }
  :: d_step { vm[v].step == HOLDING && (QUIET(v) || vm[v].expired) ->
       vm[v].step = STOPPED; stop(v) }
  :: d_step { vm[v].step == STOPPED && DRAINED(v) && !vm[v].expired ->
       vm[v].step = RED; vm[v].epoch = vm[v].snap;
#ifndef BREAK_LATE_COUNT
       mark(v, NEXT(v)); mark(v, PREV(v));
#endif
       cut(NEXT(v), v); cut(PREV(v), v);
       newEpoch(v) }
  :: d_step { vm[v].step == RED -> vm[v].step = RESUMED }
  :: d_step { vm[v].step == RESUMED ->
       vm[v].step = LOGGING;
#ifdef BREAK_LATE_COUNT
       mark(v, NEXT(v)); mark(v, PREV(v));
#endif
       release(v) }

  /* Image durable, all incoming channels closed. */
  :: d_step { vm[v].step == LOGGING && CLOSED(NEXT(v), v) && CLOSED(PREV(v), v) ->
#ifndef BREAK_CLOSE_AT_MARKER
       unbalanced = !BALANCED(NEXT(v), v) || !BALANCED(PREV(v), v);
       assert(!unbalanced);
#endif
       vm[v].step = STORED;
       forget(NEXT(v), v);
       forget(PREV(v), v) }

  /* Abort, by order. One for a snapshot that the VM is past and does not work on is stale. */
  :: d_step { vm[v].step != WAKING && aborted > 0 &&
       (MISSED(v) || (vm[v].snap != 0 && vm[v].snap <= aborted)) ->
       quit(v, aborted) }
  :: d_step { vm[v].step == WAKING -> vm[v].step = IDLE }

#ifndef FAULTLESS
  /* Deadline or failure: the VM gives up by itself. Never after Stored was reported. */
#ifdef BREAK_DELETE_STORED
#define MAY_GIVE_UP(v) (vm[v].step >= PREPARED && vm[v].step <= STORED)
#else
#define MAY_GIVE_UP(v) (vm[v].step >= PREPARED && vm[v].step <= LOGGING)
#endif
  :: d_step { MAY_GIVE_UP(v) -> e = vm[v].snap; quit(v, e); e = 0 }

  /* The gate was shut for too long and opens by itself. Turning it red is then refused. */
  :: d_step { (vm[v].step == HOLDING || vm[v].step == STOPPED) && !vm[v].expired ->
       e = vm[v].snap; moveOn(v, e); e = 0; vm[v].expired = 1; release(v) }
#ifdef BREAK_RED_TWICE
  :: d_step { vm[v].step == STOPPED && DRAINED(v) && vm[v].expired ->
       vm[v].step = RED; vm[v].expired = 0;
       mark(v, NEXT(v)); mark(v, PREV(v)); cut(NEXT(v), v); cut(PREV(v), v) }
#endif

#ifndef BREAK_HOLD_UNPREPARED
  /* A red frame at a gate that is not prepared: that snapshot cannot be sealed any more; the gate follows. */
  :: d_step { (vm[v].step == IDLE || vm[v].step == STORED) && ANY(RED_WAITS, v, 0, 0) ->
       vm[v].step = IDLE; vm[v].snap = 0;
       e = vm[v].epoch + 1; moveOn(v, e); e = 0; release(v) }
#endif
#endif
  od
}

/* ---- The coordinator ------------------------------------------------------------------------------------------ */

#define RECORDED(k, i, j, x) frame[k].recorded
#define TWO_BEHIND(k, i, j, x) (frame[k].place == TRAVELS && frame[k].tag == 0 && vm[frame[k].to].epoch == 2 && \
    LOGS(frame[k].to))
#define STALE_MARKER(i, j) (CH(i, j).marker1 && vm[j].snap == 2)
#define HELD(k, i, j, x) (frame[k].place == WAITS && frame[k].tag > vm[frame[k].to].epoch)
#if defined(GOAL_RECORDED)
#define GOAL (phase == SEALING && snap == 2 && sealed == 1 && ANY(RECORDED, 0, 0, 0))
#elif defined(GOAL_HELD)
#define GOAL (phase == CUTTING && snap == 2 && sealed == 1 && ANY(HELD, 0, 0, 0))
#elif defined(GOAL_TWO_BEHIND)
#define GOAL (phase == CUTTING && snap == 2 && ANY(TWO_BEHIND, 0, 0, 0))
#elif defined(GOAL_STALE_MARKER)
#define GOAL (phase == CUTTING && snap == 2 && (STALE_MARKER(0, 1) || STALE_MARKER(1, 0)))
#endif

#define IS_PREPARED(v) (vm[v].prepared == snap)
#define IS_STORED(v) (vm[v].step == STORED && vm[v].snap == snap)
#define HAS_QUIT(v) (vm[v].step == IDLE && !MISSED(v))
#define AT_EPOCH(v) (vm[v].epoch == snap)

/*
 * All that has happened so far is white for the next snapshot, whatever it was for this one, and a frame that was taken
 * adds one to both sides of every balance to come: such differences are forgotten.
 */
inline settle() {
  k = 0;
  do
  :: k < FRAMES ->
     frame[k].recorded = 0;
     if
     :: frame[k].place == TAKEN ->
#ifndef BREAK_COUNT_OF_EPOCH
        CH(frame[k].from, frame[k].to).sent--;
        CH(frame[k].from, frame[k].to).delivered--;
#endif
        frame[k].place = SETTLED;
        frame[k].from = 0; frame[k].to = 0; frame[k].born = 0; frame[k].got = 0
     :: frame[k].place > UNSENT && frame[k].place < TAKEN -> frame[k].born = snap
     :: else
     fi;
     k++
  :: else -> break
  od;
  k = 0;
  do
  :: k < 3 -> vm[k].cuts = snap; vm[k].prepared = snap; k++
  :: else -> break
  od;
  k = 0;
  cutOrdered = 0;
  aborted = 0
}

/* What the manifest of this snapshot says of frame k against the truth. */
inline verify(k) {
  if
  :: frame[k].place == UNSENT || frame[k].place == DROPPED || frame[k].place == SETTLED
  :: frame[k].place == TAKEN && frame[k].got < snap ->
     orphan = frame[k].born >= snap;
     assert(!orphan);
     twice = frame[k].recorded;
     assert(!twice)
  :: else ->
     missing = frame[k].born < snap && !frame[k].recorded;
     assert(!missing);
     twice = frame[k].born >= snap && frame[k].recorded;
     assert(!twice)
  fi
}

inline writeManifest() {
  incomplete = !ALL(IS_STORED);
  assert(!incomplete);
  unequal = !ALL(AT_EPOCH);
  assert(!unequal);
  k = 0;
  do
  :: k < FRAMES -> verify(k); k++
  :: else -> break
  od;
  settle();
#ifdef COUNT_SEALED
  sealed++;
#endif
  /* The images belong to the manifest now. */
  vm[0].step = IDLE; vm[1].step = IDLE; vm[2].step = IDLE;
  vm[0].snap = 0; vm[1].snap = 0; vm[2].snap = 0
}

proctype Coordinator() {
  byte k;
end:
  do
  :: d_step { phase == READY && snap < SNAPSHOTS -> snap++; phase = PREPARING; cutOrdered = 0 }
  :: d_step { phase == PREPARING && ALL(IS_PREPARED) -> phase = CUTTING; cutOrdered = 1 }
  :: d_step { phase == CUTTING && ALL(IS_STORED) -> phase = SEALING }
  :: d_step { phase == SEALING -> writeManifest(); phase = READY }
#ifdef GOAL
  :: d_step { GOAL -> goal = true; assert(!goal) }
#endif
#ifndef FAULTLESS
  /* A failure was reported, or the deadline passed. */
  :: d_step { phase == PREPARING || phase == CUTTING -> phase = ABORTING; aborted = snap }
  /* The host that seals has confirmed that the manifest is not written and never will be. */
  :: d_step { phase == SEALING -> phase = ABORTING; aborted = snap }
#ifdef BREAK_ABORT_WHILE_SEALING
  /* The coordinator does not ask. */
  :: d_step { phase == SEALING && aborted != snap -> aborted = snap }
#endif
#ifdef IMPATIENT
  :: d_step { phase == ABORTING -> phase = READY }
#else
  :: d_step { phase == ABORTING && ALL(HAS_QUIT) ->
       unequal = !ALL(AT_EPOCH);
       assert(!unequal);
       settle();
       phase = READY }
#endif
#ifdef CRASH
  :: d_step { phase != SEALING && phase != GONE -> phase = GONE; snap = 0; aborted = 0; cutOrdered = 0 }
#endif
#endif
  od
}

/* ---- Beginning and end ---------------------------------------------------------------------------------------- */

#define NOT_THERE(k, i, j, x) (frame[k].place > UNSENT && frame[k].place < TAKEN)
#define AT_REST(v) (vm[v].step == IDLE || vm[v].step == STORED)

/*
 * These processes go first whenever they can: what they do commutes with everything else, and nothing that could come
 * before it is lost by doing it at once. A reduction only; LAZY leaves it out.
 */
#ifdef LAZY
#define AT_ONCE
#else
#define AT_ONCE priority 9
#endif
#if defined(LAZY) || defined(BREAK_NO_QUIET)
#define TAKES_AT_ONCE
#else
#define TAKES_AT_ONCE priority 9
#endif

init {
  byte k;
  atomic {
    frame[0].from = 0; frame[0].to = 1;
    k = 1;
    do
    :: k < FRAMES ->
       if
       :: frame[k].from = 0; frame[k].to = 1
       :: frame[k].from = 1; frame[k].to = 0
       :: frame[k].from = 0; frame[k].to = 2
       :: frame[k].from = 2; frame[k].to = 0
       :: frame[k].from = 1; frame[k].to = 2
       :: frame[k].from = 2; frame[k].to = 1
       fi;
       k++
    :: else -> break
    od;
    run Coordinator();
    run VmWithGate(0); run VmWithGate(1); run VmWithGate(2);
    run MarkerOnItsWay(0, 1) AT_ONCE; run MarkerOnItsWay(1, 0) AT_ONCE;
    run MarkerOnItsWay(0, 2) AT_ONCE; run MarkerOnItsWay(2, 0) AT_ONCE;
    run MarkerOnItsWay(1, 2) AT_ONCE; run MarkerOnItsWay(2, 1) AT_ONCE;
    k = 0;
    do
    :: k < FRAMES -> run FrameOnItsWay(k); run GuestTakes(k) TAKES_AT_ONCE; k++
    :: else -> break
    od;
    k = 0
  };
  /* Nothing can happen any more: every run ends here, for no action can ever be undone. */
  timeout;
  d_step {
    paused = !ALL(AT_REST);
    assert(!paused);
    kept = ANY(NOT_THERE, 0, 0, 0);
    assert(!kept);
    unfinished = phase != GONE && !(phase == READY && snap == SNAPSHOTS);
    assert(!unfinished);
    unequal = phase == READY && !ALL(AT_EPOCH);
    assert(!unequal)
#ifdef FAULTLESS
    ;
    unfinished = sealed != SNAPSHOTS;
    assert(!unfinished)
#endif
  };
endOfRun:
  false
}
