# A fault of Dapr (1.13 to 1.18.2, pkg/middleware/http/pipeline.go), taken out before it is
# built: docs/decisions/0026-daprd-is-mended-before-it-is-built.md tells it whole.
#
# For every request to its app, daprd wraps a handler of that request's own in one pipeline
# that all requests share, and then runs whichever handler was wrapped last. Of two requests
# at once, one may run the other's: when the app can't be reached, the error goes to the
# other, and the first is answered 200 without an app having seen it. An event is
# acknowledged that way, and lost. Without middleware there is nothing to share.
/^\treturn func(root http\.Handler) http\.Handler {$/a\
\t\tif p.spec == nil || len(p.spec.Handlers) == 0 {\
\t\t\treturn root\
\t\t}
