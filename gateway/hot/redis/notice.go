package redis

import (
	"context"
	"encoding/json"
	"fmt"

	goredis "github.com/redis/go-redis/v9"

	"cpagateway/gateway/hot"
	"cpagateway/profiles"
)

// wire is a notice as it travels.
type wire struct {
	Kind   hot.NoticeKind    `json:"kind"`
	Person profiles.PersonID `json:"person,omitempty"`
	Epoch  uint64            `json:"epoch,omitempty"`
	Hash   string            `json:"hash,omitempty"`
}

func (s *State) channel() string { return s.prefix + "notices" }

// Announce publishes the notice to every gateway, this one included.
func (s *State) Announce(ctx context.Context, n hot.Notice) error {
	body, err := json.Marshal(wire(n))
	if err == nil {
		err = s.try(ctx, func(ctx context.Context) error { return s.client.Publish(ctx, s.channel(), body).Err() })
	}
	if err != nil {
		return fmt.Errorf("announcing a change: %w", err)
	}
	return nil
}

// Notices subscribes, and returns once the server has confirmed it or the
// timeout is over. In the second case, and whenever a lost connection is back,
// the reader finds a gap.
func (s *State) Notices(ctx context.Context) <-chan hot.Notice {
	in := hot.NewInbox()
	if s.ctx.Err() != nil {
		close(in)
		return in
	}
	bounded, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	subscription := s.client.Subscribe(bounded, s.channel())
	if _, err := subscription.ReceiveTimeout(bounded, s.timeout); err != nil {
		in.Put(hot.Notice{Kind: hot.NoticeGap})
	}
	s.readers.Go(func() {
		defer close(in)
		// Closing the subscription is what ends the channel it delivers on.
		hangUp := func() { _ = subscription.Close() }
		defer context.AfterFunc(ctx, hangUp)()
		defer context.AfterFunc(s.ctx, hangUp)()
		for message := range subscription.ChannelWithSubscriptions() {
			if n, ok := noticeOf(message); ok {
				in.Put(n)
			}
		}
	})
	return in
}

// noticeOf is what a message of the subscription means to a reader. Every
// confirmation after the first follows a lost connection; a notice that cannot
// be read may have said anything.
func noticeOf(message any) (n hot.Notice, ok bool) {
	gap := hot.Notice{Kind: hot.NoticeGap}
	switch m := message.(type) {
	case *goredis.Subscription:
		return gap, true
	case *goredis.Message:
		var w wire
		if err := json.Unmarshal([]byte(m.Payload), &w); err != nil {
			return gap, true
		}
		return hot.Notice(w), true
	}
	return hot.Notice{}, false
}
