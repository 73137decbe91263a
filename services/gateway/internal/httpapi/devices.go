package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/events"
	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/token"
	"github.com/fairfloor/fairfloor/services/gateway/internal/push"
)

// Devices tells delegates' devices where they stand.
type Devices interface {
	Key() string
	Subscribe(ctx context.Context, s ids.Session, who token.Claims, d push.Device) (string, error)
	Unsubscribe(ctx context.Context, s ids.Session, who token.Claims, subscription string) error
}

// PushKey is what a browser needs to subscribe.
type PushKey struct {
	Key string `json:"key" doc:"This deployment's public key for push services (RFC 8292), base64url; empty when its operator allows none"`
}

// NewDevice is a browser's subscription, as PushSubscription.toJSON() gives it.
type NewDevice struct {
	Endpoint       string `json:"endpoint" maxLength:"2000" doc:"The address at the browser vendor's push service"`
	ExpirationTime *int64 `json:"expirationTime,omitempty" doc:"Ignored: the push service says when a device is gone"`
	Keys           struct {
		P256DH string `json:"p256dh" maxLength:"100" doc:"The device's public key, base64url"`
		Auth   string `json:"auth" maxLength:"40" doc:"The device's secret, base64url"`
	} `json:"keys"`
}

// Subscribed names a subscription.
type Subscribed struct {
	Subscription string `json:"subscription"`
}

func (s *server) devices() {
	about := operation("push-key", http.MethodGet, "/push", "The key with which a browser subscribes to messages", "people")
	about.Security = nil
	huma.Register(s.api, about, func(context.Context, *struct{}) (*body[PushKey], error) {
		return &body[PushKey]{PushKey{s.Devices.Key()}}, nil
	})

	huma.Register(s.api, operation("subscribe", http.MethodPost, "/sessions/{session}/devices", "Have a device told of the delegate's own turn, by Web Push; kept until the session, the link or the person is gone", "people"),
		func(ctx context.Context, in *struct {
			InSession
			Body NewDevice
		},
		) (*body[Subscribed], error) {
			claims, err := s.enterAs(in.Bearer, in.Session, events.Speaker)
			if err != nil {
				return nil, refuse(err)
			}
			id, err := s.Devices.Subscribe(ctx, in.Session, claims, push.Device{
				Endpoint: in.Body.Endpoint, P256DH: in.Body.Keys.P256DH, Auth: in.Body.Keys.Auth,
			})
			return &body[Subscribed]{Subscribed{id}}, refuse(err)
		})

	huma.Register(s.api, operation("unsubscribe", http.MethodDelete, "/sessions/{session}/devices/{subscription}", "Tell a device no more, and erase its address", "people"),
		func(ctx context.Context, in *struct {
			InSession
			Subscription string `path:"subscription"`
		},
		) (*struct{}, error) {
			claims, err := s.enter(in.Bearer, in.Session)
			if err != nil {
				return nil, refuse(err)
			}
			return nil, refuse(s.Devices.Unsubscribe(ctx, in.Session, claims, in.Subscription))
		})
}
