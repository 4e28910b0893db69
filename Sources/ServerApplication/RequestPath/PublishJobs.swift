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
        var next = 1
        var jobs: [PublishJob] = []
    }

    private let state = Mutex(State())

    func begin(_ name: String, _ progress: PublishProgress) -> PublishJob {
        state.withLock { state in
            let job = PublishJob(number: state.next, name: name, progress: progress)
            state.next += 1
            state.jobs.append(job)
            if state.jobs.count > Self.jobsMax {
                // Mostly one that has ended: of those that run there are at most as many as uploads.
                state.jobs.remove(at: state.jobs.firstIndex { $0.hasEnded } ?? 0)
            }
            return job
        }
    }

    func job(_ number: Int, of name: String) -> PublishJob? {
        state.withLock { $0.jobs.first { $0.number == number && $0.name == name } }
    }
}

/// One publish whose client did not wait. It keeps the answer as bytes and not the model, whose memory would stay.
final class PublishJob: Sendable {
    private struct Outcome: Sendable {
        let status: HTTPStatus
        let body: [UInt8]
    }

    let number: Int
    let name: String
    private let progress: PublishProgress
    private let outcome = Mutex<Outcome?>(nil)

    init(number: Int, name: String, progress: PublishProgress) {
        self.number = number
        self.name = name
        self.progress = progress
    }

    var path: String { "/models/\(name)/publishes/\(number)" }

    var hasEnded: Bool { outcome.withLock { $0 != nil } }

    /// How it ended: the answer that a client would have got that waits, which is a document of ours.
    func end(_ status: HTTPStatus, _ body: [UInt8]) {
        outcome.withLock { $0 = Outcome(status: status, body: body) }
    }

    /// `GET /models/{m}/publishes/{n}`.
    func write(into writer: inout JSONWriter) {
        let outcome = outcome.withLock { $0 }
        let steps = PublishProgress.Step.allCases
        writer.beginObject()
        writer.member("publish", number)
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
