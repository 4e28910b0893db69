internal import ByteCoding
internal import HTTPCore
internal import Serving
internal import ServingProtocols
internal import Synchronization

/// Publishes whose clients did not wait (`Prefer: respond-async`, RFC 7240): how far they are and how they ended. The
/// oldest are forgotten.
final class PublishJobs: Sendable {
    static let jobsMax = 64

    private struct State: Sendable {
        var jobs: [PublishJob] = []
    }

    private let state = Mutex(State())

    /// Keeps a job whose upload has begun: of those that run there are at most as many as uploads.
    func add(_ job: PublishJob) {
        state.withLock { state in
            state.jobs.append(job)
            if state.jobs.count > Self.jobsMax {
                state.jobs.remove(at: state.jobs.firstIndex { $0.hasEnded } ?? 0)
            }
        }
    }

    func job(_ id: String, of name: String) -> PublishJob? {
        state.withLock { $0.jobs.first { $0.id == id && $0.name == name } }
    }
}

/// One publish whose client did not wait. It keeps the answer as bytes and not the model, whose memory would stay.
final class PublishJob: Sendable {
    private struct Outcome: Sendable {
        let status: HTTPStatus
        let body: [UInt8]
    }

    /// Sixteen hexadecimal digits, drawn: another server's job is never taken for this one.
    let id: String
    let name: String
    private let progress: PublishProgress
    private let outcome = Mutex<Outcome?>(nil)

    init(name: String, progress: PublishProgress) {
        let digits = String(UInt64.random(in: 0 ... .max), radix: 16)
        id = String(repeating: "0", count: 16 - digits.count) + digits
        self.name = name
        self.progress = progress
    }

    var path: String { "/models/\(name)/publishes/\(id)" }

    var hasEnded: Bool { outcome.withLock { $0 != nil } }

    /// How it ended: the answer that a client would have got that waits, which is a document of ours.
    func end(_ status: HTTPStatus, _ body: [UInt8]) {
        outcome.withLock { $0 = Outcome(status: status, body: body) }
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
            writer.key("answer")
            // Without its line feed.
            writer.encoded(Array(outcome.body.dropLast()))
        }
        writer.endDocument()
    }
}
