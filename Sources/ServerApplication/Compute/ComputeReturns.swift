internal import HTTPCore
internal import HTTPServer
internal import Synchronization

/// A whole answer from a compute thread. It holds nothing of the model.
struct ComputeAnswer: Sendable {
    let exchange: ExchangeID
    let route: RequestRoute
    let started: UInt64
    let status: HTTPStatus
    let fields: ResponseFields
    let body: [UInt8]
}

/// Where a loop finds the answers that compute threads have made for it.
final class ComputeReturns: Sendable {
    private let answers = Mutex<[ComputeAnswer]>([])
    private let hasNews = Atomic<Bool>(false)
    /// The loop's number: the cell in which its requests are counted.
    let loop: Int
    private let wake: @Sendable () -> Void

    /// - Parameter wake: makes the loop begin a tick; called on compute threads.
    init(loop: Int, wake: @escaping @Sendable () -> Void) {
        self.loop = loop
        self.wake = wake
    }

    /// From any thread.
    func post(_ answer: ComputeAnswer) {
        let isFirst = answers.withLock { answers in
            answers.append(answer)
            hasNews.store(true, ordering: .relaxed)
            return answers.count == 1
        }
        if isFirst { wake() }
    }

    /// What has come since the last call.
    /// - Complexity: one relaxed load where nothing has.
    func take() -> [ComputeAnswer] {
        guard hasNews.load(ordering: .relaxed) else { return [] }
        return answers.withLock { answers in
            var taken: [ComputeAnswer] = []
            swap(&taken, &answers)
            hasNews.store(false, ordering: .relaxed)
            return taken
        }
    }
}
