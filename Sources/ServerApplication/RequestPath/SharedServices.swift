internal import Serving
internal import Telemetry

/// What all loops share: immutable or safe from any thread. The loops' own state is in their handlers.
struct SharedServices: Sendable {
    let registry: ModelRegistry
    let uploads: UploadReceiver
    /// Where files of models are read for clients.
    let reading: any ControlQueue
    let live: LiveSettingsBoard
    let routes: NativeRoutes
    let metrics: RequestMetrics
    let state: ServerState
    let compute: ComputePool
    let batching: BatchSettings
    /// Among which the cache's bytes are divided.
    let loops: Int
    let jobs = PublishJobs()
    /// nil where nobody else writes the store.
    var follower: (any StoreFollowing)?
    /// Whether an upload ends with this process; and whether it is refused for that.
    var uploadsEndHere = false
    var refusesUploads = false
}
