// Package acceptance holds the acceptance tests of the running program: what
// must be true of a whole consultation, live, in one process.
//
// Guarantee: each test starts Fairfloor as `fairfloor serve` does, on a folder
// of its own and a free port, and speaks to it through its public doors alone
// (HTTP, websocket, command line). Each is named after the statement that it
// checks. Nothing waits by sleeping: a test waits for a receipt, for a position
// of the log, or for the quiet of the process.
package acceptance
