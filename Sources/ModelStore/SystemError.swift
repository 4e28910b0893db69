#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif
package import Serving

/// A system call's `errno`.
package struct SystemError: Error, Sendable, Hashable {
    package let code: Int32

    package init(code: Int32) {
        self.code = code
    }

    package static let exists = SystemError(code: EEXIST)
    package static let notFound = SystemError(code: ENOENT)
    package static let noSpace = SystemError(code: ENOSPC)
    package static let readOnly = SystemError(code: EROFS)
    package static let accessDenied = SystemError(code: EACCES)
    package static let inputOutput = SystemError(code: EIO)

    /// Such as `ENOSPC`.
    package var name: String {
        switch code {
        case EACCES: "EACCES"
        case EBADF: "EBADF"
        case EBUSY: "EBUSY"
        case EDQUOT: "EDQUOT"
        case EEXIST: "EEXIST"
        case EFBIG: "EFBIG"
        case EINVAL: "EINVAL"
        case EIO: "EIO"
        case EISDIR: "EISDIR"
        case ELOOP: "ELOOP"
        case EMFILE: "EMFILE"
        case EMLINK: "EMLINK"
        case ENAMETOOLONG: "ENAMETOOLONG"
        case ENFILE: "ENFILE"
        case ENODEV: "ENODEV"
        case ENOENT: "ENOENT"
        case ENOLCK: "ENOLCK"
        case ENOMEM: "ENOMEM"
        case ENOSPC: "ENOSPC"
        case ENOSYS: "ENOSYS"
        case ENOTDIR: "ENOTDIR"
        case ENOTEMPTY: "ENOTEMPTY"
        case ENXIO: "ENXIO"
        case EOPNOTSUPP: "EOPNOTSUPP"
        case EPERM: "EPERM"
        case EROFS: "EROFS"
        case ESTALE: "ESTALE"
        case EXDEV: "EXDEV"
        default: "errno \(code)"
        }
    }

    var isReadOnly: Bool { code == EROFS }
    var isDenied: Bool { code == EACCES || code == EPERM }

    /// As the store tells it: the kind decides what a client hears, the path is for the log.
    package func stored(while operation: String, path: String) -> StoreError {
        let (kind, detail): (StoreError.Kind, String) =
            switch code {
            case ENOSPC: (.full, "no space is left where models are stored")
            case EDQUOT: (.full, "the disk quota of the model store is used up")
            case EFBIG: (.full, "the file is larger than the model store's file system allows")
            case EROFS: (.readOnly, "the model store is read-only")
            case EACCES, EPERM: (.permission, "the server may not do this in the model store")
            case ENOENT: (.missing, "it is not in the model store")
            case ENOTDIR: (.io, "a part of the path is a file and no folder")
            case EMFILE, ENFILE: (.io, "the server has too many files open")
            case ENOSYS, EOPNOTSUPP, EMLINK, EXDEV:
                (.io, "the model store's file system does not support what the store needs")
            default: (.io, "the model store's file system failed")
            }
        return StoreError(kind, while: operation, detail: detail, errorName: name, path: path)
    }
    /// The same of a file on its way to a store far away: it is this machine's disk that fails, and not the store.
    func onTheWay(path: String) -> StoreError {
        let error = stored(while: "writing the model", path: path)
        let place = "the folder for uploads on their way to the store (VENCEJO_STORE_CACHE, or TMPDIR)"
        return StoreError(
            error.kind, while: error.operation,
            detail: error.kind == .full
                ? "no space is left in \(place)" : "\(place) cannot be written to",
            errorName: name, path: path)
    }
}
