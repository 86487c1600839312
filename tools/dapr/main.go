// The parts of Dapr that Crema runs, built from its published modules as one program: the
// name that it is called by says which of them it is.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "daprd":
		daprd()
	case "sentry":
		sentry()
	default:
		fmt.Fprintf(os.Stderr, "%s: this program is called as daprd or as sentry\n", name)
		os.Exit(2)
	}
}
