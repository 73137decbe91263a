// Package faults holds the acceptance tests in which Fairfloor runs as real
// processes and something goes wrong: processes are killed, bits flip, people
// are forgotten, clients stop reading, certificates are one's own.
//
// Guarantee: each bullet about faults and processes of the issue "A whole
// consultation, live, in one process" has a test here that is named after it.
// The tests see what an operator and a client see (files, log lines, exit codes,
// the public API and websocket) and nothing of the inside.
//
// The binary under test is $FAIRFLOOR_BIN, or is built once. FAIRFLOOR_LONG=1
// takes the large counts.
package faults
