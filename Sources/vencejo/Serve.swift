internal import ArgumentParser
internal import ServerApplication

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve models over HTTP.",
        usage: "vencejo serve [<[name=]path> ...] [<options>]",
        discussion: """
            Each setting may also come from the environment or a file; a flag wins, then the \
            environment, then the file:

              --host        VENCEJO_HOST       default 0.0.0.0: every interface
              --port        VENCEJO_PORT       default 8080; also PORT,
                                               AIP_HTTP_PORT, SAGEMAKER_BIND_TO_PORT
              --loops       VENCEJO_LOOPS      default: a loop a granted core
              --store       VENCEJO_STORE      directory, s3://, gs:// or https://
                                               (http:// of this host);
                                               default: uploads end with the process
              --store-poll  VENCEJO_STORE_POLL_SECONDS
                                               default 1 s between looks for news
              --uploads     VENCEJO_UPLOADS    without a store: local or refuse
              --listen      VENCEJO_LISTEN     more addresses: unix:PATH, HOST:PORT,
                                               [::1]:PORT; without host and port set,
                                               these alone
              --cors-origin VENCEJO_CORS_ORIGINS
                                               default: no page of another origin
              --keep-versions
                            VENCEJO_KEEP_VERSIONS
                                               default 1, warm for a rollback
              --memory-limit
                            VENCEJO_MEMORY_LIMIT
                                               of models, or none; default: four
                                               fifths of what the container has
              --shadow      VENCEJO_SHADOW     warn, refuse or off: of a new version
                                               that answers recent rows otherwise
              --latency-objective-ms
                            VENCEJO_LATENCY_OBJECTIVE_MS
                                               default 50 ms, on the compute threads
              --batch-wait  VENCEJO_BATCH_WAIT_US
                                               default 0 us for more rows
              --cache-bytes VENCEJO_CACHE_BYTES
                                               default 0: no cache of answers
              --log-level   VENCEJO_LOG_LEVEL  default info
              --config      VENCEJO_CONFIG

            What changes models (PUT, POST, PATCH, DELETE) needs a token, from VENCEJO_ADMIN_TOKEN or \
            VENCEJO_ADMIN_TOKEN_FILE; there is no flag, since others can read a process's arguments. On a terminal, \
            with none set, one is made and printed. VENCEJO_PREDICT_TOKEN or VENCEJO_PREDICT_TOKEN_FILE puts \
            predictions behind another one.

            Bounds and times (connections, predictions under way, slow heads and bodies, the drain) come from the \
            environment or the file: docs/configuration.md has them all. SIGHUP reads the file and the tokens again; \
            SIGTERM answers what has begun and ends with exit code 0.

            Examples:

              vencejo serve house-price.pkl
              vencejo serve prices=house-price.pkl band=price-band.ubj --port 9000
              vencejo serve --store /var/lib/vencejo     # models come by PUT and are kept
              vencejo serve house-price.pkl --listen unix:/run/vencejo/vencejo.sock
            """)

    @Argument(help: ArgumentHelp("A model file; the first is the default model.", valueName: "[name=]path"))
    var models: [String] = []

    @Option(help: "The address to listen on.")
    var host: String?

    @Option(help: "The port to listen on; 0 takes a free one.")
    var port: Int?

    @Option(
        help: ArgumentHelp(
            "Another address to listen on: unix:PATH, HOST:PORT or [IPV6]:PORT. May be repeated.",
            valueName: "address"))
    var listen: [String] = []

    @Option(
        help: ArgumentHelp(
            "An origin whose pages may call from a browser, or *. May be repeated.", valueName: "origin"))
    var corsOrigin: [String] = []

    @Option(help: "The number of event loops.")
    var loops: Int?

    @Option(
        help: ArgumentHelp(
            "What keeps uploaded models: a directory, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or, to be read alone, "
                + "https://HOST/PATH.", valueName: "place"))
    var store: String?

    @Option(
        help: ArgumentHelp("Seconds between looks for what others have published; 0 for none.", valueName: "seconds"))
    var storePoll: String?

    @Option(help: "Uploads without a store to keep them: local serves them on this instance, refuse does not.")
    var uploads: String?

    @Option(help: ArgumentHelp("Versions of a model that stay warm for a rollback.", valueName: "n"))
    var keepVersions: Int?

    @Option(help: ArgumentHelp("Bytes that models may hold in memory, such as 800M, or none.", valueName: "bytes"))
    var memoryLimit: String?

    @Option(
        help: ArgumentHelp(
            "What to do with a new version that answers recent rows otherwise: warn, refuse or off.",
            valueName: "policy"))
    var shadow: String?

    @Option(help: ArgumentHelp("A JSON configuration file.", valueName: "file"))
    var config: String?

    @Option(help: "debug, info, notice, warning, error or critical.")
    var logLevel: String?

    @Option(
        help: ArgumentHelp(
            "Milliseconds within which a prediction that is too long for a loop should be answered.",
            valueName: "ms"))
    var latencyObjectiveMs: Int?

    @Option(
        help: ArgumentHelp(
            "Microseconds that a batch waits for more rows though a thread is free.", valueName: "microseconds"))
    var batchWait: Int?

    @Option(help: ArgumentHelp("Bytes of memory for a cache of answers; 0 keeps none.", valueName: "bytes"))
    var cacheBytes: Int?

    @Flag(help: "Print curl lines to paste, as on a terminal.")
    var examples = false

    @OptionGroup var rounds: IterationRangeOption

    func run() throws {
        var options = ServerOptions()
        options.models = try models.map { try ModelSource(argument: $0) }
        if let range = try rounds.range() {
            guard options.models.count == 1 else {
                throw ValidationError(
                    "--iteration-range is of one model; make bundles of several: vencejo bundle make --iteration-range")
            }
            options.models[0].iterationRange = range
        }
        options.host = host
        options.port = port
        options.listen = listen
        options.corsOrigins = corsOrigin
        options.loops = loops
        options.store = store
        options.storePoll = storePoll
        options.uploads = uploads
        options.versionsKept = keepVersions
        options.memoryLimit = memoryLimit
        options.shadow = shadow
        options.configurationFile = config
        options.logLevel = logLevel
        options.latencyObjectiveMs = latencyObjectiveMs
        options.batchWaitUs = batchWait
        options.cacheBytes = cacheBytes
        throw ExitCode(ServerProcess.run(options, showsExamples: examples))
    }
}
