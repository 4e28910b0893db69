internal import CKernels
internal import Glibc

/// The instructions that kernels may use: found once when the process starts.
package enum CPULevel: String, Sendable, CaseIterable {
    case portable, avx2, avx512, neon

    /// What this processor can do, or less, if the environment variable `VENCEJO_CPU` names a lower level: for tests
    /// and measurements of the forms that other processors run.
    package static let current: CPULevel = {
        let best = CPULevel(vencejo_cpu_best_level())
        guard let text = unsafe getenv("VENCEJO_CPU"), let asked = unsafe CPULevel(rawValue: String(cString: text)),
            best.runs(asked)
        else { return best }
        return asked
    }()

    private init(_ level: vencejo_cpu_level) {
        switch level {
        case VENCEJO_CPU_AVX2: self = .avx2
        case VENCEJO_CPU_AVX512: self = .avx512
        case VENCEJO_CPU_NEON: self = .neon
        default: self = .portable
        }
    }

    var native: vencejo_cpu_level {
        switch self {
        case .portable: VENCEJO_CPU_PORTABLE
        case .avx2: VENCEJO_CPU_AVX2
        case .avx512: VENCEJO_CPU_AVX512
        case .neon: VENCEJO_CPU_NEON
        }
    }

    /// Whether a processor of this level can run the instructions of `other`.
    package func runs(_ other: CPULevel) -> Bool {
        switch (self, other) {
        case (_, .portable), (.avx2, .avx2), (.avx512, .avx2), (.avx512, .avx512), (.neon, .neon): true
        default: false
        }
    }
}
