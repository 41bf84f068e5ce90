// The helper: the only hand of Nightshift that touches the host. It takes orders over a socket and believes only what root
// has installed. See Sources/Actuation/Core/Guards.swift for what it refuses.
import Actuation
import Glibc

exit(await ExecutorService.run(Array(CommandLine.arguments.dropFirst())))
