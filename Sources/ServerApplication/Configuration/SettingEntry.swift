internal import ModelStore
internal import Serving

/// One setting as it is told and compared.
struct SettingEntry {
    let name: String
    /// What may be shown; never a token.
    let text: String
    let source: SettingSource
    /// Whether a running server takes another value over.
    let isLive: Bool
    /// A token's value, only to be compared.
    fileprivate var secret: String?

    /// Whether the other has the same value, wherever it comes from.
    func hasSameValue(as other: SettingEntry) -> Bool { text == other.text && secret == other.secret }
}

extension ServerConfiguration {
    /// Every setting but the models, in the order of docs/configuration.md.
    var entries: [SettingEntry] {
        func entry<Value>(
            _ name: String, _ setting: Setting<Value>, _ text: String, isLive: Bool = false
        ) -> SettingEntry {
            SettingEntry(name: name, text: text, source: setting.source, isLive: isLive)
        }
        func number(_ name: String, _ setting: Setting<Int>, isLive: Bool = false) -> SettingEntry {
            entry(name, setting, "\(setting.value)", isLive: isLive)
        }
        func secret(_ name: String, _ setting: Setting<String?>) -> SettingEntry {
            var made = entry(name, setting, setting.value == nil ? "" : "(set)", isLive: true)
            made.secret = setting.value
            return made
        }
        return [
            entry("host", host, host.value),
            number("port", port),
            entry("listen", listen, listen.value.map { "\($0)" }.joined(separator: ", ")),
            entry("unix_socket_mode", unixSocketMode, "0" + String(unixSocketMode.value, radix: 8)),
            entry("loops", loops, loops.value.map { "\($0)" } ?? ""),
            entry("store", store, StoreLocation.withoutUser(store.value ?? "")),
            number("store_poll_milliseconds", storeSettings.pollMilliseconds),
            entry("uploads", storeSettings.uploads, storeSettings.uploads.value.rawValue),
            entry("store_lagging", storeSettings.lagging, storeSettings.lagging.value.rawValue),
            number("store_start_seconds", storeSettings.startSeconds),
            entry("store_cache", storeSettings.cacheDirectory, storeSettings.cacheDirectory.value ?? ""),
            number("store_cache_bytes_max", storeSettings.cacheBytesMax),
            number("store_collect_seconds", storeSettings.collectSeconds),
            entry(
                "s3_endpoint", storeSettings.amazonEndpoint,
                StoreLocation.withoutUser(storeSettings.amazonEndpoint.value ?? "")),
            entry("s3_region", storeSettings.amazonRegion, storeSettings.amazonRegion.value ?? ""),
            entry(
                "gcs_endpoint", storeSettings.googleEndpoint,
                StoreLocation.withoutUser(storeSettings.googleEndpoint.value ?? "")),
            entry("store_ca_file", storeSettings.certificatesFile, storeSettings.certificatesFile.value ?? ""),
            entry("store_proxy", storeSettings.proxy, StoreLocation.withoutUser(storeSettings.proxy.value ?? "")),
            entry("log_level", logLevel, logLevel.value, isLive: true),
            secret("admin_token", adminToken),
            secret("predict_token", predictToken),
            entry("cors_origins", corsOrigins, corsOrigins.value.texts.joined(separator: ", "), isLive: true),
            number("body_bytes_max", bodyBytesMax, isLive: true),
            number("model_bytes_max", modelBytesMax),
            SettingEntry(
                name: "memory_limit", text: memoryLimit.value.map { "\($0)" } ?? "none", source: memoryLimit.source,
                isLive: false),
            number("keep_versions", versionsKept),
            SettingEntry(
                name: "shadow", text: shadow.value.action.rawValue, source: shadow.source, isLive: false),
            number("connections_max", connectionsMax),
            number("in_flight_max", inFlightMax, isLive: true),
            number("latency_objective_ms", latencyObjectiveMs),
            number("batch_wait_us", batchWaitUs),
            entry("batching", batching, batching.value ? "on" : "off"),
            number("inline_budget_us", inlineBudgetUs),
            number("cache_bytes", cacheBytes),
            number("head_timeout_seconds", headTimeoutSeconds),
            number("body_timeout_seconds", bodyTimeoutSeconds),
            number("body_bytes_per_second_min", bodyBytesPerSecondMin),
            number("idle_timeout_seconds", idleTimeoutSeconds),
            number("write_timeout_seconds", writeTimeoutSeconds),
            number("drain_seconds", drainSeconds, isLive: true),
            number("drain_delay_seconds", drainDelaySeconds, isLive: true),
        ]
    }

    /// Settings that somebody chose.
    var chosen: [SettingEntry] { entries.filter { $0.source != .standard } }

    /// The settings of `next` that differ from these.
    func changes(to next: ServerConfiguration) -> [SettingEntry] {
        var changed = zip(entries, next.entries).filter { !$0.hasSameValue(as: $1) }.map { $1 }
        if models != next.models {
            let text = next.models.map { "\($0.name)=\($0.path)" }.joined(separator: ", ")
            changed.append(SettingEntry(name: "models", text: text, source: .file(key: "models"), isLive: false))
        }
        return changed
    }
}
