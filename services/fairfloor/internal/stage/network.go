package stage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
)

// network is one namespace with a switch in it, and one namespace for each
// member with a cable to the switch. None of it is connected to the machine's own.
type network struct {
	id    string
	links []*link
	slots chan struct{} // bounds the threads that dial
}

// link is a member's place in the network.
type link struct {
	space string // the member's namespace
	hub   string // the namespace of the switch
	port  string // the switch's end of the cable
	cut   atomic.Bool
}

// dials is how many dials may be under way at once: each takes a thread.
const dials = 128

// openNetwork makes the namespaces and gives each member its address and link.
func openNetwork(ctx context.Context, id string, members []*member) (*network, error) {
	n := &network{id: id, slots: make(chan struct{}, dials)}
	hub := id + "-hub"
	var make, set []string
	make = append(make, "netns add "+hub)
	for i, m := range members {
		l := &link{space: id + "-" + m.Name, hub: hub, port: fmt.Sprintf("port%d", i)}
		n.links = append(n.links, l)
		m.link, m.address = l, fmt.Sprintf("10.77.0.%d", 10+i)
		make = append(make, "netns add "+l.space)
		set = append(set, fmt.Sprintf("link add %s netns %s type veth peer name eth0 netns %s", l.port, hub, l.space))
	}
	if err := ip(ctx, "", make...); err != nil {
		return nil, errors.Join(err, n.close())
	}
	if err := ip(ctx, "", set...); err != nil {
		return nil, errors.Join(err, n.close())
	}
	lines := []string{"link add hub type bridge stp_state 0", "link set hub up"}
	for _, l := range n.links {
		lines = append(lines, "link set "+l.port+" master hub", "link set "+l.port+" up")
	}
	if err := ip(ctx, hub, lines...); err != nil {
		return nil, errors.Join(err, n.close())
	}
	for i, l := range n.links {
		err := ip(ctx, l.space, "address add "+members[i].address+"/24 dev eth0", "link set eth0 up", "link set lo up")
		if err != nil {
			return nil, errors.Join(err, n.close())
		}
	}
	return n, nil
}

// ip gives iproute2 some lines at once, in a namespace or, for "", in none.
func ip(ctx context.Context, space string, lines ...string) error {
	args := []string{"-batch", "-"}
	if space != "" {
		args = append([]string{"-netns", space}, args...)
	}
	return command(ctx, strings.Join(lines, "\n")+"\n", "ip", args...)
}

// dial connects from within a member's own namespace.
func (n *network) dial(ctx context.Context, m *member, address string) (net.Conn, error) {
	select {
	case n.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-n.slots }()
	var conn net.Conn
	err := m.link.visit(func() error {
		var d net.Dialer
		var err error
		conn, err = d.DialContext(ctx, "tcp", address)
		return err
	})
	return conn, err
}

// close removes the namespaces with all that is in them.
func (n *network) close() error {
	var failed error
	for _, l := range n.links {
		failed = errors.Join(failed, command(context.Background(), "", "ip", "netns", "delete", l.space))
	}
	return errors.Join(failed, command(context.Background(), "", "ip", "netns", "delete", n.id+"-hub"))
}

// Isolate pulls a member's cable: its packets and those for it are lost in
// silence, as when a switch fails. Connections stay open on both sides. What
// talks to it inside the stage itself, the door of a gateway and the questions
// for readiness, comes from within its own network and is not cut.
func (s *Stage) Isolate(names ...string) error {
	return s.each(names, func(m *member) error { return m.plug(false) })
}

// Rejoin puts the cable back.
func (s *Stage) Rejoin(names ...string) error {
	return s.each(names, func(m *member) error { return m.plug(true) })
}

func (m *member) plug(in bool) error {
	if m.link == nil {
		return ErrNamespaces
	}
	to := "nomaster"
	if in {
		to = "master hub"
	}
	if err := ip(context.Background(), m.link.hub, "link set "+m.link.port+" "+to); err != nil {
		return err
	}
	m.link.cut.Store(!in)
	return nil
}
