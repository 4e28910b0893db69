/// A model file that has arrived completely: its bytes wait in the store's writer, and their digest is known.
package struct ReceivedArtifact: Sendable {
    let writer: any BlobWriter
    package let digest: ContentDigest
    package let byteCount: Int
    /// From the first byte to the last.
    let receive: Duration

    package init(writer: any BlobWriter, digest: ContentDigest, receive: Duration) {
        self.writer = writer
        self.digest = digest
        byteCount = writer.byteCount
        self.receive = receive
    }
}
