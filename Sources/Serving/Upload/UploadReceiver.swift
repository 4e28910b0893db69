internal import Synchronization

/// Where PUT bodies begin: bounds how many run at once and refuses early what cannot succeed.
package final class UploadReceiver: Sendable {
    private let registry: ModelRegistry
    private let store: any ModelStore
    private let transfers: (any ControlQueue)?
    private let operation: FetchingOperation
    private let uploadsMax: Int
    private let budget: UploadBudget
    private let running = Mutex(0)
    /// Told when one has ended.
    private let ends: any ChangeSignal

    /// - Parameters:
    ///   - registry: publishes what has arrived.
    ///   - store: takes the bytes; the registry's.
    ///   - control: the thread on which the registry is called.
    ///   - transfers: threads on which files go to a store that is far away; nil: on the control thread.
    ///   - fetches: threads on which they come from there.
    ///   - uploadsMax: uploads at once; at the bound `begin` refuses with `busy`.
    ///   - bytesMax: bytes of all uploads at once, decoded; at the bound an upload ends with `busy`. By default as many
    ///     as one alone may have.
    package init(
        registry: ModelRegistry, store: any ModelStore, control: any ControlQueue,
        transfers: (any ControlQueue)? = nil, fetches: (any ControlQueue)? = nil, uploadsMax: Int = 8,
        bytesMax: Int? = nil
    ) {
        self.transfers = transfers
        budget = UploadBudget(bytesMax: bytesMax ?? registry.limits.artifactBytesMax)
        self.registry = registry
        ends = registry.system.makeSignal()
        self.store = store
        operation = FetchingOperation(registry: registry, control: control, fetches: fetches, turns: ModelTurns())
        self.uploadsMax = uploadsMax
    }

    /// Uploads that have begun and are not complete.
    package var runningCount: Int { running.withLock { $0 } }

    /// Waits until no upload runs. Never called on a loop or on the control thread.
    /// - Returns: false if `timeout` passes before.
    @discardableResult
    package func waitUntilIdle(for timeout: Duration) -> Bool {
        ends.wait(for: timeout) { runningCount == 0 }
    }

    /// Hands over another change of a model, which is done in its turn: after uploads of that name that are on their
    /// way to the store.
    /// - Parameter job: returns what it lacks of a store far away, and is called again when that has been fetched;
    ///   nothing when it is done.
    /// - Returns: false, and forgets the job, if too many wait.
    package func inTurn(
        of name: String, _ job: @escaping @Sendable (_ files: ModelFiles) -> [StoredModel.Version]
    ) -> Bool {
        let operation = operation
        guard operation.turns.count < ModelTurns.waitingMax else { return false }
        return operation.control.submit { operation.turns.perform(name) { operation.perform(name, job) } }
    }

    /// Begins an upload when its head has been read and its sender may do this. Called on a loop.
    /// - Parameters:
    ///   - name: what the model is to be called; nil where its bundle says it.
    ///   - options: how it is to be published.
    ///   - declaredBytes: `Content-Length`, if it was sent.
    ///   - onCredit: the loop may read on; called on the control thread after `append` has said `wait`.
    ///   - completion: how it ended; called exactly once, on the control thread.
    /// - Returns: where the body goes.
    /// - Throws: what can be known before the body is read; then there is no completion.
    package func begin(
        _ name: String?, options: PublishOptions, declaredBytes: Int?,
        onCredit: @escaping @Sendable () -> Void, completion: @escaping Upload.Completion
    ) throws(PublishError) -> Upload {
        if let name, !ModelName.isValid(name) { throw .invalidName(name) }
        if let declaredBytes, declaredBytes > registry.limits.artifactBytesMax {
            throw .tooLarge(bytesMax: registry.limits.artifactBytesMax)
        }
        if let name {
            do throws(PublishError) {
                try registry.refuseEarly(name, options)
            } catch {
                // A precondition is the client's own question, and this its answer.
                if case .alreadyThere = error { registry.tell(error, of: name) }
                throw error
            }
        }
        let uploadsMax = uploadsMax
        let isAdmitted = running.withLock { running in
            guard running < uploadsMax else { return false }
            running += 1
            return true
        }
        guard isAdmitted else {
            let error = PublishError.busy(retryAfterSeconds: 5)
            registry.tell(error, of: name)
            throw error
        }
        return Upload(
            name: name, options: options, store: store, transfers: transfers, operation: operation, budget: budget,
            onCredit: onCredit
        ) { result in
            self.running.withLock { $0 -= 1 }
            self.ends.notify()
            completion(result)
        }
    }
}
