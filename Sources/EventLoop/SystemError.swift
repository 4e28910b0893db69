internal import Glibc

/// A system call that failed: which one, on what, and the system's reason.
package struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The call, such as `bind`.
    package let call: String
    /// What it was about, such as `127.0.0.1:8080`; empty where there is nothing to name.
    package let subject: String
    /// The `errno`.
    package let code: Int32
    /// More than the system says, where there is more to know; else empty.
    package let note: String

    /// Makes an error for `call` from the thread's current `errno`.
    package init(call: String, subject: String = "") {
        self.init(call: call, subject: subject, code: errno)
    }

    /// Makes an error for `call` with a known `errno` value.
    package init(call: String, subject: String = "", code: Int32, note: String = "") {
        self.call = call
        self.subject = subject
        self.code = code
        self.note = note
    }

    package var description: String {
        let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error"
        let more = note.isEmpty ? "" : "; \(note)"
        return "\(call)\(subject.isEmpty ? "" : " " + subject): \(reason) (errno \(code))\(more)"
    }
}
