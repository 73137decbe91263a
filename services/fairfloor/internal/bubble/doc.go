// Package bubble holds whole sessions to what must always be so. It has tests
// only: the real NATS server and three replicas each of registry, queue and
// timing run inside a testing/synctest bubble, so ninety minutes take seconds,
// every command is sent twice, and replicas go and come in mid-session.
//
// Guarantee: what the services say of themselves proves nothing here. The
// auditor reads the stored bytes alone, has a fold and a clock of its own, and
// uses nothing of package session; and its own tests show that it finds each
// fault that it looks for, in logs that were altered and in a session whose
// queue decides wrongly. The default run is small; FAIRFLOOR_LONG=1 draws more
// and longer random sessions.
package bubble
