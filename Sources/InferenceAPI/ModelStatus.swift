package import TensorCore

/// What is told of a served model, whatever the protocol: a plain copy, made when somebody asks.
package struct ModelStatus: Sendable {
    package struct Step: Sendable {
        package let path: String
        package let className: String
        package let detail: String

        package init(path: String, className: String, detail: String) {
            self.path = path
            self.className = className
            self.detail = detail
        }
    }

    /// Seconds spent in each step of publishing.
    package struct Timings: Sendable {
        package let receive: Double
        package let `import`: Double
        package let compile: Double
        package let golden: Double
        package let warmUp: Double
        package let shadow: Double
        package let publish: Double

        package init(
            receive: Double, import: Double, compile: Double, golden: Double, warmUp: Double, shadow: Double,
            publish: Double
        ) {
            self.receive = receive
            self.import = `import`
            self.compile = compile
            self.golden = golden
            self.warmUp = warmUp
            self.shadow = shadow
            self.publish = publish
        }
    }

    package struct Predictor: Sendable {
        package let name: String
        package let reason: String
        package let nanosecondsPerRow: Double

        package init(name: String, reason: String, nanosecondsPerRow: Double) {
            self.name = name
            self.reason = reason
            self.nanosecondsPerRow = nanosecondsPerRow
        }
    }

    /// A line of the author's, such as `owner`.
    package struct Note: Sendable {
        package let name: String
        package let text: String

        package init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    /// What the golden rows showed.
    package struct Golden: Sendable {
        package let rowCount: Int
        /// The largest relative error of a number.
        package let worstError: Double

        package init(rowCount: Int, worstError: Double) {
            self.rowCount = rowCount
            self.worstError = worstError
        }
    }

    /// Another name of a version.
    package struct Alias: Sendable {
        package let name: String
        package let version: Int

        package init(name: String, version: Int) {
            self.name = name
            self.version = version
        }
    }

    /// What a new version is held to.
    package struct Policy: Sendable {
        /// `refuse`, `warn` or `off`.
        package let action: String
        package let labelFlipsMax: Double
        package let changeMax: Double?

        package init(action: String, labelFlipsMax: Double, changeMax: Double?) {
            self.action = action
            self.labelFlipsMax = labelFlipsMax
            self.changeMax = changeMax
        }
    }

    /// How a version answered rows that the one before it was asked about.
    package struct Shadow: Sendable {
        package struct Output: Sendable {
            package let name: String
            package let largestDifference: Double
            package let largestChange: Double
            package let labelFlips: Int

            package init(name: String, largestDifference: Double, largestChange: Double, labelFlips: Int) {
                self.name = name
                self.largestDifference = largestDifference
                self.largestChange = largestChange
                self.labelFlips = labelFlips
            }
        }

        /// The version that it was compared with.
        package let version: Int
        package let policy: Policy
        package var rowCount = 0
        package var flippedRows = 0
        package var rowsLost = 0
        package var rowsWon = 0
        package var nanosecondsBefore = 0.0
        package var nanosecondsAfter = 0.0
        package var outputs: [Output] = []
        package var obstacle: String?
        package var broken: [String] = []

        package init(version: Int, policy: Policy) {
            self.version = version
            self.policy = policy
        }
    }

    package let name: String
    package let version: Int
    /// `sha256:` and 64 hexadecimal digits.
    package let digest: String
    package let generation: Int
    package let isDefault: Bool
    package let format: String
    package let producer: String
    package let steps: [Step]
    package let notes: [Note]
    package let golden: Golden
    package let signature: Signature
    package let predictor: Predictor
    package let artifactBytes: Int
    package let tableBytes: Int
    package let timings: Timings
    /// Seconds since 1970.
    package let loadedAt: Int
    /// Bytes of memory that it holds.
    package var memoryBytes = 0
    package var shadow: Shadow?
    /// Of a model as a whole: the versions that can be asked for, their other names, and what the next one is held to.
    package var versions: [Int] = []
    package var aliases: [Alias] = []
    package var policy: Policy?
    /// Where the store has another state of it that could not be loaded.
    package var lagging: StoreStanding.LaggingModel?

    package init(
        name: String, version: Int, digest: String, generation: Int, isDefault: Bool, format: String, producer: String,
        steps: [Step], notes: [Note], golden: Golden, signature: Signature, predictor: Predictor, artifactBytes: Int,
        tableBytes: Int, timings: Timings, loadedAt: Int
    ) {
        self.name = name
        self.version = version
        self.digest = digest
        self.generation = generation
        self.isDefault = isDefault
        self.format = format
        self.producer = producer
        self.steps = steps
        self.notes = notes
        self.golden = golden
        self.signature = signature
        self.predictor = predictor
        self.artifactBytes = artifactBytes
        self.tableBytes = tableBytes
        self.timings = timings
        self.loadedAt = loadedAt
    }
}
