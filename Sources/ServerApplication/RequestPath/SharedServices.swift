internal import Serving
internal import Telemetry

/// What all loops share: immutable or safe from any thread. The loops' own state is in their handlers.
struct SharedServices: Sendable {
    let registry: ModelRegistry
    let uploads: UploadReceiver
    let control: any ControlQueue
    let live: LiveSettingsBoard
    let routes: NativeRoutes
    let metrics: RequestMetrics
    let state: ServerState
    let jobs = PublishJobs()
}
