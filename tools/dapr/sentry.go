package main

// The certificate authority of the sidecars. Every flag and default is Dapr's, with two
// exceptions: there is no health server, because Dapr's would listen on every interface, and
// a change of the issuer's files takes effect at the next start.

import (
	"context"
	"os"
	"path/filepath"

	"github.com/dapr/dapr/cmd/sentry/options"
	"github.com/dapr/dapr/pkg/buildinfo"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/metrics"
	"github.com/dapr/dapr/pkg/modes"
	authority "github.com/dapr/dapr/pkg/sentry"
	"github.com/dapr/dapr/pkg/sentry/config"
	"github.com/dapr/dapr/pkg/sentry/monitoring"
	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"
)

func sentry() {
	log := logger.NewLogger("dapr.sentry")
	opts := options.New(os.Args[1:])
	if err := opts.Validate(); err != nil {
		log.Fatalf("cannot read the flags: %v", err)
	}
	if err := logger.ApplyOptionsToLoggers(&opts.Logger); err != nil {
		log.Fatalf("cannot set up the log: %v", err)
	}
	log.Infof("sentry %s", buildinfo.Version())
	if err := issue(signals.Context(), opts, log); err != nil {
		log.Fatalf("sentry stopped: %v", err)
	}
}

// issue signs certificates until SIGTERM.
func issue(ctx context.Context, opts *options.Options, log logger.Logger) error {
	if err := monitoring.InitMetrics(); err != nil {
		return err
	}
	settings, err := issuerConfig(opts)
	if err != nil {
		return err
	}
	health := healthz.New()
	ca, err := authority.New(ctx, authority.Options{Config: settings, Healthz: health})
	if err != nil {
		return err
	}
	exporter := metrics.New(metrics.Options{
		Log:           log,
		Enabled:       opts.Metrics.Enabled(),
		Port:          opts.Metrics.Port(),
		Namespace:     metrics.DefaultMetricNamespace,
		Healthz:       health,
		ListenAddress: opts.Metrics.ListenAddress(),
	})
	return concurrency.NewRunnerManager(exporter.Start, ca.Start).Run(ctx)
}

// issuerConfig carries the flags over into what the configuration file says.
func issuerConfig(opts *options.Options) (config.Config, error) {
	settings, err := config.FromConfigName(opts.ConfigName, opts.Mode)
	if err != nil {
		return settings, err
	}
	within := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(opts.IssuerCredentialsPath, name)
	}
	settings.RootCertPath = within(opts.X509.RootCAFilename)
	settings.IssuerCertPath = within(opts.X509.IssuerCertFilename)
	settings.IssuerKeyPath = within(opts.X509.IssuerKeyFilename)
	settings.TrustDomain = opts.TrustDomain
	settings.Port = opts.Port
	settings.ListenAddress = opts.ListenAddress
	settings.Mode = modes.DaprMode(opts.Mode)
	return settings, nil
}
