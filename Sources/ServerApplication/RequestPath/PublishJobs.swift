internal import ByteCoding
internal import HTTPCore
internal import Serving
internal import ServingProtocols
internal import Synchronization

/// Publishes whose clients did not wait (`Prefer: respond-async`, RFC 7240): how far they are and how they ended. The
/// oldest are forgotten.
final class PublishJobs: Sendable {
    static let jobsMax = 64

    /// Eight hexadecimal digits, drawn: whose jobs are ours.
    private let instance = PublishJob.draw()

    private struct State: Sendable {
        var jobs: [PublishJob] = []
    }

    private let state = Mutex(State())

    /// Keeps a job whose client is about to be told of it: of those that run there are at most as many as uploads.
    func add(_ job: PublishJob) {
        state.withLock { state in
            state.jobs.append(job)
            if state.jobs.count > Self.jobsMax {
                state.jobs.remove(at: state.jobs.firstIndex { $0.hasEnded } ?? 0)
            }
        }
    }

    func makeJob(_ name: String, _ progress: PublishProgress) -> PublishJob {
        PublishJob(id: instance + PublishJob.draw(), name: name, progress: progress)
    }

    func job(_ id: String, of name: String) -> PublishJob? {
        state.withLock { $0.jobs.first { $0.id == id && $0.name == name } }
    }

    /// Why there is none of that id.
    func refusal(_ id: String, of name: String) -> ProblemDocument {
        let serves = "GET /models/\(name) tells what serves"
        guard id.hasPrefix(instance) else {
            return ProblemDocument(
                .notFound, title: "Not a publish of this instance",
                detail: "the state of a publish is kept by the instance that took the file, until that one ends; this "
                    + "is another one, or has started since; " + serves)
        }
        return ProblemDocument(
            .notFound, title: "No such publish",
            detail: "the last \(Self.jobsMax) that answered before they ended are kept; " + serves)
    }
}

/// One publish whose client did not wait. It keeps the answer as bytes and not the model, whose memory would stay.
final class PublishJob: Sendable {
    private struct Outcome: Sendable {
        let status: HTTPStatus
        let body: [UInt8]
        let tag: Tag?
    }

    /// What a client goes on with: the preconditions of its next change, and the least generation that it wants to see.
    struct Tag: Sendable {
        let etag: String
        let version: Int
        let generation: Int
        /// It serves on this instance only.
        let endsHere: Bool
    }

    /// Sixteen hexadecimal digits: the instance's and its own.
    let id: String
    let name: String
    private let progress: PublishProgress
    private let outcome = Mutex<Outcome?>(nil)

    /// Eight hexadecimal digits.
    fileprivate static func draw() -> String {
        let digits = String(UInt32.random(in: 0 ... .max), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    fileprivate init(id: String, name: String, progress: PublishProgress) {
        self.id = id
        self.name = name
        self.progress = progress
    }

    var path: String { "/models/\(name)/publishes/\(id)" }

    var hasEnded: Bool { outcome.withLock { $0 != nil } }

    /// How it ended: the answer that a client would have got that waits, which is a document of ours.
    func end(_ status: HTTPStatus, _ body: [UInt8], _ tag: Tag?) {
        outcome.withLock { $0 = Outcome(status: status, body: body, tag: tag) }
    }

    /// `GET /models/{m}/publishes/{id}`.
    func write(into writer: inout JSONWriter) {
        let outcome = outcome.withLock { $0 }
        let steps = PublishProgress.Step.allCases
        writer.beginObject()
        writer.member("publish", id)
        writer.member("model", name)
        if let outcome {
            writer.member("state", outcome.status.rawValue < 300 ? "done" : "failed")
            writer.member("steps_done", outcome.status.rawValue < 300 ? steps.count : Int(progress.step.rawValue))
        } else {
            writer.member("state", "running")
            writer.member("steps_done", Int(progress.step.rawValue))
        }
        writer.member("steps", steps.count)
        writer.member("step", progress.step.name)
        if let outcome {
            writer.member("status", Int(outcome.status.rawValue))
            if let tag = outcome.tag {
                writer.member("etag", tag.etag)
                writer.member("version", tag.version)
                writer.member("generation", tag.generation)
                if tag.endsHere { writer.member("stored", AnswerFields.thisInstanceOnly) }
            }
            writer.key("answer")
            // Without its line feed.
            writer.encoded(Array(outcome.body.dropLast()))
        }
        writer.endDocument()
    }
}
