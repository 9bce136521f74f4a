#pragma once

/// Probes: what an attacker in a compartment would try. `attack` links an instance into every
/// compartment of an image (src/codegen/probes.h) and has one try of one probe a boot; how it went
/// is the image's exit code or its fault line. Addresses come with the image's arguments: an
/// attacker is taken to know the whole layout.
///
/// Read by C++ and by the assembler. The numbers are also src/codegen/attack_probe.cc's.
#define PROBE_SUCCEEDED 0
#define PROBE_HELD 40      // nothing stopped it, and it got nothing
#define PROBE_CONFUSED 41  // the probe itself went wrong: a bug of ours

#define PROBE_READ 1            // a0 = address
#define PROBE_WRITE 2           // a0
#define PROBE_EXECUTE 3         // a0: what stands there returns
#define PROBE_STEAL_BY_CALL 4   // a0 = a function of the victim that is no entry point
#define PROBE_JUMP_IN 5         // a0 = in a gate, behind its entry
#define PROBE_OWN_RIGHTS 6      // a0 = a gate's wrpkru, a1 = wait, a2 = slot, a3 = gate's number
#define PROBE_OTHER_RIGHTS 7    // a0 = a gate's second wrpkru, a1 = rights, a2 = victim's secret
#define PROBE_PAST_CHECK 8      // a0 = behind the check
#define PROBE_RETURN_HALF 9     // a0 = return half of a gate of the victim's, a2 = victim's secret
#define PROBE_FORGED_RETURN 10  // a0 = gate, a1 = function of the victim
#define PROBE_FORGED_STACK 11   // a0 = gate, a1 = memory of the victim
#define PROBE_CALLEE_RETURN 12  // a0 = gate to the attacker, a1 = own secret; run by the victim
#define PROBE_GIVE 13           // a0 = gate to the attacker, a1 = PROBE_LEAK_*; run by the victim
#define PROBE_TAKE 14           // a0 = gate to the victim, a1 = PROBE_LEAK_*
#define PROBE_INSTRUCTION 15    // a0 = which
#define PROBE_SYSCALL 16        // a0 = number: ends the image if it is let through
#define PROBE_INTERRUPT 17      // a0 = number for int 0x80
#define PROBE_SERVICE 18        // a0 = function of the platform
#define PROBE_SERVICE_JUMP 19   // a0 = a syscall in the platform, a1 = number
#define PROBE_OWN_CODE 20       // a0 = 0: wrpkru, 1: xrstor, out of own memory
#define PROBE_RESTART 21        // a0 = flexos_start
#define PROBE_LEND \
  24                     // a0 = marshaller of probe_visit, a1 = function to hand over (0: own),
                         // a2 = PROBE_VISIT_*, a3, a4 = x, y, a5 = gate to call afterwards
#define PROBE_ASK 23     // a0 = gate, a1, a2 = what its callee passes on; run by the victim
#define PROBE_DEPUTY 22  // a0 = marshaller, a1 = index of the buffer, a2 = victim's memory

// What may stay behind where another compartment finds it.
#define PROBE_LEAK_REGISTERS 0
#define PROBE_LEAK_VECTORS 1
#define PROBE_LEAK_FLOATS 2   // x87 and MMX
#define PROBE_LEAK_CONTROL 3  // MXCSR, the x87 control word
#define PROBE_LEAK_STACK 4

// What the other side is asked to do through a gate: the first argument of probe_call.
#define PROBE_OP_PING 0
#define PROBE_OP_SECRET 1  // returns the secret of its compartment
#define PROBE_OP_STEAL 2   // writes it to the second argument
#define PROBE_OP_WHERE 3   // runs on a stack within probe_area? Then the attack has succeeded
#define PROBE_OP_FIND 4    // looks for the other side's leak (second argument); 1: found
#define PROBE_OP_LEAVE 5   // leaves one
#define PROBE_OP_PASS 7    // asks another one (gate in the second argument) and answers itself
#define PROBE_OP_ANSWER 8  // answers in somebody else's place (return half in the second argument)
#define PROBE_OP_FORGE 6   // writes over the return address at the second argument

#define PROBE_OP_USE 9    // calls the callback that it has kept
#define PROBE_OP_JUMP 10  // calls what is at the second argument, a stub of somebody else's

// What probe_visit does with the callbacks that it is given, x and y being arguments.
#define PROBE_VISIT_CALL 0     // calls `plain` with x, as it may
#define PROBE_VISIT_KEEP 1     // keeps `plain` for later
#define PROBE_VISIT_INDEX 2    // enters the gate x with binding y
#define PROBE_VISIT_POINTER 3  // hands x over as a buffer
#define PROBE_VISIT_RAW 4      // enters the gate x with y as a buffer
#define PROBE_VISIT_PASS 5     // gate x: has somebody else call the stub y

// The callbacks' own first argument; an address for those that steal.
#define PROBE_ANSWER_WIN 1   // being called at all is what must not happen
#define PROBE_ANSWER_READ 2  // returns the first word of the buffer

#define PROBE_SECRET 0x5ec2e75ec2e75ec3
