internal import Synchronization

/// The body of one PUT on its way to the store: the loop appends what arrives, the control thread writes and hashes
/// it, then publishes.
///
/// The loop's methods never wait for the disk. At most `buffersMax` buffers are on their way; then the loop stops
/// reading until `onCredit`. The completion is called exactly once, on the control thread (or, if that has stopped,
/// by whoever asks).
package final class Upload: Sendable {
    /// What the loop should do after `append`.
    package enum Flow: Sendable, Hashable {
        case more
        /// Stop reading until `onCredit` is called.
        case wait
        /// Stop reading for good: the completion has been or will be called with the reason.
        case stop
    }

    /// How an upload ends.
    package typealias Completion = @Sendable (Result<PublishReport, PublishError>) -> Void

    /// Small enough that a write of one, in which the kernel may not be interrupted, keeps no loop on the same core
    /// waiting.
    package static let bufferBytes = 64 << 10
    package static let buffersMax = 16

    private enum Phase: Sendable {
        case receiving
        /// The last byte has been appended.
        case ended
        /// It is complete, and waits until another change of its model is done.
        case waiting
        /// The control thread has everything and imports: too late to cancel.
        case publishing
        /// It is proven, and its file is on its way to the store.
        case transferring
        case failed(PublishError)
        case completed
    }

    private struct State: Sendable {
        var phase = Phase.receiving
        var filling: [UInt8] = []
        var queued: [[UInt8]] = []
        /// Buffers that were written and may be filled again.
        var spare: [[UInt8]] = []
        var byteCount = 0
        /// A job for this upload waits or runs on the control thread.
        var isScheduled = false
        /// The loop has stopped reading.
        var isStarved = false
        /// The client has left while the model was imported.
        var hasLeft = false

        /// - Returns: whether a job has to be submitted.
        mutating func schedule() -> Bool {
            guard !isScheduled else { return false }
            isScheduled = true
            return true
        }

        mutating func takeBuffer() -> [UInt8] {
            if var buffer = spare.popLast() {
                buffer.removeAll(keepingCapacity: true)
                return buffer
            }
            var buffer: [UInt8] = []
            buffer.reserveCapacity(Upload.bufferBytes)
            return buffer
        }
    }

    /// Touched by the control thread alone.
    private struct Sink: Sendable {
        var writer: (any BlobWriter)?
        var hasher = ContentHasher()

        mutating func open(in store: any ModelStore) throws(StoreError) -> any BlobWriter {
            if let writer { return writer }
            let made = try store.makeBlobWriter()
            writer = made
            return made
        }
    }

    private enum Step {
        case write([UInt8], givesCredit: Bool)
        case publish
        case fail(PublishError)
        case rest
    }

    let name: String?
    private let options: PublishOptions
    private let registry: ModelRegistry
    private let store: any ModelStore
    private let control: any ControlQueue
    /// Where files go to the store; nil: that takes no time.
    private let transfers: (any ControlQueue)?
    private let operation: FetchingOperation
    private let budget: UploadBudget
    private let onCredit: @Sendable () -> Void
    private let completion: Completion
    private let begun: UInt64
    private let state = Mutex(State())
    private let sink = Mutex(Sink())

    init(
        name: String?, options: PublishOptions, store: any ModelStore, transfers: (any ControlQueue)?,
        operation: FetchingOperation, budget: UploadBudget, onCredit: @escaping @Sendable () -> Void,
        completion: @escaping Completion
    ) {
        self.name = name
        self.options = options
        registry = operation.registry
        self.store = store
        control = operation.control
        self.transfers = transfers
        self.operation = operation
        self.budget = budget
        begun = registry.system.clock()
        self.onCredit = onCredit
        self.completion = completion
    }

    private var turns: ModelTurns { operation.turns }

    // MARK: The loop's side

    /// Takes bytes of the body, in order. They are copied.
    package func append(_ bytes: Span<UInt8>) -> Flow {
        let bytesMax = registry.limits.artifactBytesMax
        let (flow, isDue) = state.withLock { state -> (Flow, Bool) in
            guard case .receiving = state.phase else { return (.stop, false) }
            guard bytes.count <= bytesMax - state.byteCount else {
                state.phase = .failed(.tooLarge(bytesMax: bytesMax))
                return (.stop, state.schedule())
            }
            guard budget.take(bytes.count) else {
                // At once, or all that cross the bound together would be refused, each for the bytes of the others.
                budget.giveBack(state.byteCount)
                state.byteCount = 0
                state.phase = .failed(.busy(retryAfterSeconds: 5))
                return (.stop, state.schedule())
            }
            state.byteCount += bytes.count
            var start = 0
            while start < bytes.count {
                if state.filling.isEmpty { state.filling = state.takeBuffer() }
                let end = start + min(bytes.count - start, Self.bufferBytes - state.filling.count)
                // An output span: `append` byte by byte measured 57 times as long.
                state.filling.append(addingCapacity: end - start) { output in
                    for index in start..<end { output.append(bytes[index]) }
                }
                start = end
                if state.filling.count == Self.bufferBytes {
                    state.queued.append(state.filling)
                    state.filling = []
                }
            }
            guard !state.queued.isEmpty else { return (.more, false) }
            state.isStarved = state.queued.count >= Self.buffersMax
            return (state.isStarved ? .wait : .more, state.schedule())
        }
        if isDue { submit() }
        return flow
    }

    /// The body is complete: publish it.
    package func finish() {
        let isDue = state.withLock { state in
            guard case .receiving = state.phase else { return false }
            if !state.filling.isEmpty {
                state.queued.append(state.filling)
                state.filling = []
            }
            state.phase = .ended
            return state.schedule()
        }
        if isDue { submit() }
    }

    /// The client has left, or sent something else than it promised. Before the import begins this ends the upload with
    /// `cancelled` at once, also where it waits for its turn. Where the store is far away the same happens after the
    /// import, and while the file is on its way. Otherwise the publish finishes.
    package func cancel() {
        let isDue = state.withLock { state in
            switch state.phase {
            case .receiving, .ended, .waiting:
                state.phase = .failed(.cancelled)
                return state.schedule()
            case .transferring:
                // Whoever has it now finds out.
                state.phase = .failed(.cancelled)
                return false
            case .publishing:
                state.hasLeft = true
                return false
            case .failed, .completed: return false
            }
        }
        if isDue { submit() }
    }

    private func submit() {
        if !control.submit({ self.work() }) {
            // Nobody is left who would do it. The writer takes its bytes along when it is let go.
            let isFirst = state.withLock { state in
                if case .completed = state.phase { return false }
                state.phase = .completed
                return true
            }
            if isFirst { end(.failure(control.isStopping ? .stopping : .busy(retryAfterSeconds: 5))) }
        }
    }

    // MARK: The control thread's side

    /// Does all that there is to do now; ends when it has to wait for the loop.
    private func work() {
        while true {
            switch nextStep() {
            case .rest: return
            case .write(let buffer, let givesCredit):
                write(buffer)
                state.withLock { $0.spare.append(buffer) }
                if givesCredit { onCredit() }
            case .publish:
                guard let name else {
                    publish()
                    return
                }
                return turns.perform(name, for: self) { self.publish() }
            case .fail(let error):
                if let name { turns.forget(self, of: name) }
                // A client that leaves is no failure of ours.
                if error != .cancelled { registry.tell(error, of: name) }
                complete(.failure(error))
            }
        }
    }

    private func nextStep() -> Step {
        state.withLock { state in
            switch state.phase {
            case .failed(let error):
                state.phase = .completed
                state.queued = []
                state.filling = []
                return .fail(error)
            case .receiving, .ended:
                if !state.queued.isEmpty {
                    let buffer = state.queued.removeFirst()
                    let givesCredit = state.isStarved && state.queued.count < Self.buffersMax / 2
                    if givesCredit { state.isStarved = false }
                    return .write(buffer, givesCredit: givesCredit)
                }
                guard case .ended = state.phase else { break }
                state.phase = .waiting
                state.spare = []
                // Nothing but `cancel` submits another.
                state.isScheduled = false
                return .publish
            case .waiting, .publishing, .transferring, .completed: break
            }
            state.isScheduled = false
            return .rest
        }
    }

    private func write(_ buffer: [UInt8]) {
        sink.withLock { sink in
            do throws(StoreError) {
                let writer = try sink.open(in: store)
                try writer.append(buffer)
                sink.hasher.update(buffer)
            } catch {
                state.withLock { state in
                    if case .receiving = state.phase { state.phase = .failed(.store(error)) }
                    if case .ended = state.phase { state.phase = .failed(.store(error)) }
                }
            }
        }
    }

    /// It is its turn. Nothing but this, or what follows from it, happens to it from now on.
    private func publish() {
        let isWanted = state.withLock { state in
            guard case .waiting = state.phase else { return false }
            state.phase = .publishing
            return true
        }
        // `cancel` has handed over what is left to do.
        guard isWanted else { return }
        do throws(PublishError) {
            let artifact = try takeArtifact()
            guard let transfers else { return complete(.success(try registry.publish(name, artifact, options))) }
            switch try registry.begin(name, artifact, options) {
            case .ended(let report): complete(.success(report))
            case .pending(let pending): transfer(pending, transfers)
            }
        } catch {
            complete(.failure(error))
        }
    }

    /// Has another thread send the file to the store, while the control thread goes on with other models.
    private func transfer(_ pending: PendingPublish, _ transfers: any ControlQueue) {
        let isWanted = state.withLock { state in
            guard !state.hasLeft else { return false }
            state.phase = .transferring
            return true
        }
        // One that was named by its bundle may find the name taken.
        guard isWanted, turns.hold(pending.name) else {
            let error: PublishError = isWanted ? .conflict : .cancelled
            registry.giveUp(pending, error)
            return complete(.failure(error))
        }
        let isTaken = transfers.submit {
            let outcome: Result<Void, PublishError>
            do throws(PublishError) {
                try self.registry.transfer(pending) { self.isCancelled }
                outcome = .success(())
            } catch {
                outcome = .failure(error)
            }
            self.control.submitOwed { self.end(pending, outcome) }
        }
        if !isTaken { end(pending, .failure(.busy(retryAfterSeconds: 5))) }
    }

    private var isCancelled: Bool {
        state.withLock { state in
            if case .failed = state.phase { true } else { false }
        }
    }

    /// The transfer has ended.
    private func end(_ pending: PendingPublish, _ outcome: Result<Void, PublishError>) {
        let isCancelled = state.withLock { state in
            if case .failed = state.phase { return true }
            state.phase = .publishing
            return false
        }
        do throws(PublishError) {
            guard !isCancelled else { throw .cancelled }
            try outcome.get()
        } catch {
            registry.giveUp(pending, error)
            complete(.failure(error))
            return turns.release(pending.name)
        }
        operation.performHolding(pending.name, with: registry.noFiles) { files in
            do throws(PublishError) {
                self.complete(.success(try self.registry.finish(pending, files)))
            } catch {
                if case .notFetched(let versions) = error { return versions }
                self.complete(.failure(error))
            }
            return []
        }
    }

    private func takeArtifact() throws(PublishError) -> ReceivedArtifact {
        try sink.withLock { (sink: inout Sink) throws(PublishError) -> ReceivedArtifact in
            do throws(StoreError) {
                let writer = try sink.open(in: store)
                sink.writer = nil
                return ReceivedArtifact(
                    writer: writer, digest: sink.hasher.finish(),
                    receive: .nanoseconds(Int64(clamping: registry.system.clock() &- begun)))
            } catch {
                registry.tell(.store(error), of: name)
                throw .store(error)
            }
        }
    }

    private func complete(_ result: Result<PublishReport, PublishError>) {
        state.withLock { state in
            state.phase = .completed
            state.spare = []
        }
        sink.withLock { sink in
            sink.writer?.discard()
            sink.writer = nil
        }
        end(result)
    }

    /// What it held of the budget is others' again. Nothing is appended any more: the phase is `completed`.
    private func end(_ result: Result<PublishReport, PublishError>) {
        budget.giveBack(state.withLock { $0.byteCount })
        completion(result)
    }
}
