package main

// The components this platform names in components/ and dapr/config.yaml, and no
// other: each one more costs build time and resident memory in every sidecar. A type
// that is missing here makes daprd refuse the component by name at start.

import (
	"github.com/dapr/components-contrib/bindings/smtp"
	"github.com/dapr/components-contrib/nameresolution/sqlite"
	"github.com/dapr/components-contrib/pubsub/kafka"
	"github.com/dapr/components-contrib/secretstores/hashicorp/vault"
	postgresql "github.com/dapr/components-contrib/state/postgresql/v2"
	"github.com/dapr/components-contrib/state/redis"
	"github.com/dapr/dapr/pkg/components/bindings"
	"github.com/dapr/dapr/pkg/components/configuration"
	"github.com/dapr/dapr/pkg/components/conversation"
	"github.com/dapr/dapr/pkg/components/crypto"
	"github.com/dapr/dapr/pkg/components/lock"
	"github.com/dapr/dapr/pkg/components/middleware/http"
	"github.com/dapr/dapr/pkg/components/nameresolution"
	"github.com/dapr/dapr/pkg/components/pubsub"
	"github.com/dapr/dapr/pkg/components/secretstores"
	"github.com/dapr/dapr/pkg/components/state"
	"github.com/dapr/dapr/pkg/runtime/registry"
	"github.com/dapr/kit/logger"
)

// components fills the default registries. Each of them, used or not, needs a logger:
// the runtime hands it on without a look.
func components(log logger.Logger) *registry.Options {
	bindings.DefaultRegistry.RegisterOutputBinding(smtp.NewSMTP, "smtp")
	nameresolution.DefaultRegistry.RegisterComponent(sqlite.NewResolver, "sqlite")
	pubsub.DefaultRegistry.RegisterComponent(kafka.NewKafka, "kafka")
	secretstores.DefaultRegistry.RegisterComponent(vault.NewHashiCorpVaultSecretStore, "hashicorp.vault")
	state.DefaultRegistry.RegisterComponent(redis.NewRedisStateStore, "redis")
	state.DefaultRegistry.RegisterComponent(postgresql.NewPostgreSQLStateStore, "postgresql/v2")

	bindings.DefaultRegistry.Logger = log
	configuration.DefaultRegistry.Logger = log
	conversation.DefaultRegistry.Logger = log
	crypto.DefaultRegistry.Logger = log
	http.DefaultRegistry.Logger = log
	lock.DefaultRegistry.Logger = log
	nameresolution.DefaultRegistry.Logger = log
	pubsub.DefaultRegistry.Logger = log
	secretstores.DefaultRegistry.Logger = log
	state.DefaultRegistry.Logger = log

	return registry.NewOptions()
}
