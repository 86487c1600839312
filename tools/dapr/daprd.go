package main

// The sidecar, with only the components this platform uses. It adds no behaviour of its
// own: every flag, default and exit is the runtime's.

import (
	"context"
	"fmt"
	"os"

	"go.opencensus.io/stats/view"

	"github.com/dapr/dapr/cmd/daprd/options"
	"github.com/dapr/dapr/pkg/buildinfo"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/metrics"
	"github.com/dapr/dapr/pkg/modes"
	"github.com/dapr/dapr/pkg/runtime"
	"github.com/dapr/dapr/pkg/runtime/registry"
	"github.com/dapr/dapr/pkg/security"
	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"
)

func daprd() {
	// Options reach only the loggers that exist when they are applied.
	log := logger.NewLogger("dapr.runtime")
	contrib := logger.NewLogger("dapr.contrib")

	opts, err := options.New(os.Args[1:])
	if err != nil {
		log.Fatalf("cannot read the flags: %v", err)
	}
	if opts.RuntimeVersion {
		fmt.Println(buildinfo.Version())
		return
	}
	if opts.WaitCommand {
		runtime.WaitUntilDaprOutboundReady(opts.DaprHTTPPort)
		return
	}

	opts.Logger.SetAppID(opts.AppID)
	if err := logger.ApplyOptionsToLoggers(&opts.Logger); err != nil {
		log.Fatalf("cannot set up the log: %v", err)
	}
	log.Infof("daprd %s for %q", buildinfo.Version(), opts.AppID)

	available := components(contrib)
	terminated := signals.Context()
	reloads := signals.OnHUP(terminated)
	for {
		select {
		case <-terminated.Done():
			return
		case round, open := <-reloads:
			if !open {
				return
			}
			if err := serve(round, opts, available, log); err != nil {
				log.Fatalf("daprd stopped: %v", err)
			}
			// A round that ended by itself (the shutdown API) ends the process;
			// one that was cancelled makes way for the next.
			if round.Err() == nil {
				return
			}
		}
	}
}

// serve runs one life of the sidecar: until SIGTERM, or until SIGHUP asks for the next.
func serve(ctx context.Context, opts *options.Options, available *registry.Options, log logger.Logger) error {
	health := healthz.New()
	identity, err := security.New(ctx, security.Options{
		SentryAddress:           opts.SentryAddress,
		ControlPlaneTrustDomain: opts.ControlPlaneTrustDomain,
		ControlPlaneNamespace:   opts.ControlPlaneNamespace,
		TrustAnchors:            opts.TrustAnchors,
		AppID:                   opts.AppID,
		MTLSEnabled:             opts.EnableMTLS,
		Mode:                    modes.DaprMode(opts.Mode),
		Healthz:                 health,
		JwtAudiences:            opts.SentryRequestJwtAudiences,
	})
	if err != nil {
		return err
	}

	run := func(ctx context.Context) error {
		handler, err := identity.Handler(ctx)
		if err != nil {
			return err
		}
		config := runtimeConfig(opts)
		config.Registry = available
		config.Security = handler
		config.Healthz = health
		config.Metrics = metrics.Options{
			Enabled:       opts.Metrics.Enabled(),
			Log:           log,
			Port:          opts.Metrics.Port(),
			Namespace:     metrics.DefaultMetricNamespace,
			Healthz:       health,
			ListenAddress: opts.Metrics.ListenAddress(),
			Meter:         view.NewMeter(),
		}
		sidecar, err := runtime.FromConfig(ctx, config)
		if err != nil {
			return err
		}
		return sidecar.Run(ctx)
	}
	return concurrency.NewRunnerManager(identity.Run, run).Run(ctx)
}

// runtimeConfig carries every flag over; a field left out would silently become a
// flag without effect.
func runtimeConfig(opts *options.Options) *runtime.Config {
	return &runtime.Config{
		// Who we are, and where our configuration lies.
		AppID:                        opts.AppID,
		Mode:                         opts.Mode,
		Config:                       opts.Config,
		ResourcesPath:                opts.ResourcesPath,
		ComponentsPath:               opts.ComponentsPath,
		ControlPlaneAddress:          opts.ControlPlaneAddress,
		SentryAddress:                opts.SentryAddress,
		EnableMTLS:                   opts.EnableMTLS,
		DisableBuiltinK8sSecretStore: opts.DisableBuiltinK8sSecretStore,
		HotReloadReconcileInterval:   opts.HotReloadReconcileInterval,
		DisableInitEndpoints:         opts.DisableInitEndpoints,

		// The listeners.
		DaprHTTPPort:                  opts.DaprHTTPPort,
		DaprAPIGRPCPort:               opts.DaprAPIGRPCPort,
		DaprAPIListenAddresses:        opts.DaprAPIListenAddresses,
		DaprInternalGRPCPort:          opts.DaprInternalGRPCPort,
		DaprInternalGRPCListenAddress: opts.DaprInternalGRPCListenAddress,
		DaprPublicPort:                opts.DaprPublicPort,
		DaprPublicListenAddress:       opts.DaprPublicListenAddress,
		UnixDomainSocket:              opts.UnixDomainSocket,
		AllowedOrigins:                opts.AllowedOrigins,
		MaxRequestSize:                opts.MaxRequestSize,
		ReadBufferSize:                opts.ReadBufferSize,
		EnableAPILogging:              opts.EnableAPILogging,
		EnableProfiling:               opts.EnableProfiling,
		ProfilePort:                   opts.ProfilePort,

		// The app beside us.
		AppChannelAddress:      opts.AppChannelAddress,
		ApplicationPort:        opts.AppPort,
		AppProtocol:            opts.AppProtocol,
		AppSSL:                 opts.AppSSL,
		AppMaxConcurrency:      opts.AppMaxConcurrency,
		EnableAppHealthCheck:   opts.EnableAppHealthCheck,
		AppHealthCheckPath:     opts.AppHealthCheckPath,
		AppHealthProbeInterval: opts.AppHealthProbeInterval,
		AppHealthProbeTimeout:  opts.AppHealthProbeTimeout,
		AppHealthThreshold:     opts.AppHealthThreshold,

		// Actors and reminders.
		ActorsService:              opts.ActorsService,
		ActorsDisseminationTimeout: opts.ActorsDisseminationTimeout,
		RemindersService:           opts.RemindersService,
		SchedulerAddress:           opts.SchedulerAddress,
		SchedulerStreams:           opts.SchedulerJobStreams,

		// How we stop.
		DaprGracefulShutdownSeconds: opts.DaprGracefulShutdownSeconds,
		DaprBlockShutdownDuration:   opts.DaprBlockShutdownDuration,
	}
}
