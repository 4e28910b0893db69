/// How many event loops to run, and why: a loop a granted core, where the grant is the smallest of the scheduler's
/// affinity mask (which a cpuset narrows) and the CPU quota of the control group, never the host's core count alone.
package struct ThreadPlan: Sendable, Hashable {
    package let loops: Int
    /// Workers for predictions that are too long for a loop: one a granted core, however many loops there are. Their
    /// threads take what the loops leave.
    package let computeWorkers: Int
    /// What is granted, in cores.
    package let cores: Double
    /// More loops than this are not run, whatever the grant.
    package static let loopsMax = 256
    /// Such as `host 64 cores, cpuset 4, quota 2.5 (cgroup v2) -> 2 loops`.
    package let reason: String

    /// - Parameters:
    ///   - requested: the configured number of loops; nil to work it out.
    ///   - hostCores: the machine's online cores.
    ///   - affinityCores: the cores this process may be scheduled on.
    ///   - quota: the control group's grant; nil for none.
    package init(requested: Int?, hostCores: Int, affinityCores: Int, quota: CPUQuota?) {
        var facts = "host \(hostCores) \(hostCores == 1 ? "core" : "cores")"
        if affinityCores != hostCores { facts += ", cpuset \(affinityCores)" }
        if let quota { facts += ", quota \(Self.text(quota.cores)) (cgroup \(quota.source))" }
        // What is beyond the quota would only be throttled, so a fraction is rounded down.
        cores = min(Double(affinityCores), quota?.cores ?? .infinity)
        let granted = max(1, Int(min(cores, Double(Self.loopsMax))))
        computeWorkers = granted
        if let requested {
            loops = max(1, requested)
            facts += ", \(loops) configured"
        } else {
            loops = granted
        }
        reason = "\(facts) -> \(loops) \(loops == 1 ? "loop" : "loops")"
    }

    private static func text(_ cores: Double) -> String {
        let hundredths = Int((cores * 100).rounded())
        let fraction = hundredths % 100
        if fraction == 0 { return "\(hundredths / 100)" }
        return "\(hundredths / 100)." + (fraction < 10 ? "0\(fraction)" : "\(fraction)")
    }
}

/// CPU time a control group grants, in cores.
package struct CPUQuota: Sendable, Hashable {
    package let cores: Double
    /// `v1` or `v2`.
    package let source: String

    package init(cores: Double, source: String) {
        self.cores = cores
        self.source = source
    }
}
