internal import FoundationEssentials
internal import Glibc
package import Vips

/// A file that appears only when it is whole: written beside its place, synced, and renamed.
///
/// "-" stands for standard output.
package struct OutputFile {
    /// The path without libvips's options.
    package let path: String
    /// The ending that says the format on standard output.
    private let format: String
    /// libvips's options, such as `Q=90`, without brackets.
    private let options: String

    /// - Parameter format: the format on standard output, as an ending.
    package init(_ pathWithOptions: String, format: String = "png") {
        self.format = format
        if pathWithOptions.hasSuffix("]"), let bracket = pathWithOptions.lastIndex(of: "[") {
            path = String(pathWithOptions[..<bracket])
            options = String(pathWithOptions[pathWithOptions.index(after: bracket)...].dropLast())
        } else {
            (path, options) = (pathWithOptions, "")
        }
    }

    private var folder: String {
        let folder = URL(filePath: path).deletingLastPathComponent().path
        return folder.isEmpty ? "." : folder
    }

    private var isStandardOutput: Bool { path == "-" }

    private var ending: String { isStandardOutput ? format : URL(filePath: path).pathExtension }

    private var isTIFF: Bool { ["tif", "tiff"].contains(ending.lowercased()) }

    /// Refuses, before any work, what cannot be written.
    package func check(_ image: Image) throws(Failure) {
        guard Image.saver(for: isStandardOutput ? "x.\(format)" : path) != nil else {
            throw Failure(
                .usage,
                "\(path): expected an output of a picture format such as .tif, .png or .jpg, found "
                    + (ending.isEmpty ? "a name without an ending" : "\".\(ending)\"")
            )
        }
        try OutputFormat.of(ending: ending)?.check(image, path)
        if isStandardOutput { return }
        var isFolder = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder {
            throw Failure(.cannotCreate, "\(path): expected the name of a file, found a folder")
        }
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder
        else {
            throw Failure(.cannotCreate, "\(path): expected a folder to write into, found none")
        }
        // Trying is the only sure test: mounts and quotas say no where permissions say yes.
        let probe = temporaryPath + ".probe"
        let descriptor = Glibc.open(probe, O_CREAT | O_EXCL | O_WRONLY, 0o666)
        guard descriptor >= 0 else {
            throw Failure(
                .cannotCreate,
                "\(path): expected a folder to write into, found: \(reason())"
            )
        }
        close(descriptor)
        unlink(probe)
    }

    /// Computes the image into the file.
    package func write(
        _ image: Image,
        progress: ((Double) -> Void)? = nil,
        cancellation: Cancellation? = nil
    ) throws {
        if isStandardOutput {
            try writeToStandardOutput(image, progress: progress, cancellation: cancellation)
            return
        }
        let temporary = temporaryPath
        Interruption.willWrite(temporary)
        defer { Interruption.hasWritten() }
        do {
            try image.write(
                to: temporary + brackets(for: image),
                progress: progress,
                cancellation: cancellation
            )
        } catch {
            unlink(temporary)
            throw failure(error)
        }
        guard !isTIFF || image.addNotes(toTIFF: temporary) else {
            unlink(temporary)
            throw Failure(
                .inputOutput,
                "\(path): expected to write the photo's EXIF notes, found no way to"
            )
        }
        try sync(temporary)
        guard rename(temporary, path) == 0 else {
            let reason = reason()
            unlink(temporary)
            throw Failure(
                .cannotCreate,
                "\(path): expected to put the result there, found: \(reason)"
            )
        }
        syncFolder()
    }

    private func writeToStandardOutput(
        _ image: Image,
        progress: ((Double) -> Void)?,
        cancellation: Cancellation?
    ) throws {
        do {
            try image.writeToStandardOutput(
                suffix: ".\(ending)" + brackets(for: image),
                progress: progress,
                cancellation: cancellation
            )
        } catch {
            throw failure(error)
        }
    }

    /// The same place under a name that nobody takes for a result.
    ///
    /// The ending stays: it says the format.
    private var temporaryPath: String {
        let name = URL(filePath: path).lastPathComponent
        return "\(folder)/.atelier-\(getpid())-\(name)"
    }

    private func brackets(for image: Image) -> String {
        var list = [options.isEmpty ? OutputFormat.of(ending: ending)?.defaults ?? "" : options]
        let bytes = image.width * image.height * image.bands * image.format.bytes
        if isTIFF, bytes > 3 << 30, !options.contains("bigtiff") { list.append("bigtiff") }
        let text = list.filter { !$0.isEmpty }.joined(separator: ",")
        return text.isEmpty ? "" : "[\(text)]"
    }

    private func sync(_ temporary: String) throws {
        let descriptor = Glibc.open(temporary, O_RDONLY)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            let reason = reason()
            unlink(temporary)
            throw Failure(
                .inputOutput,
                "\(path): expected to write it to the disk, found: \(reason)"
            )
        }
    }

    /// The new name itself reaches the disk with its folder.
    private func syncFolder() {
        let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// Errors while pixels are pulled come from the input as often as from the output.
    private func failure(_ error: any Error) -> Failure {
        guard let error = error as? VipsError else { return Failure(error) }
        let detail = error.detail
        if detail.contains("No space left") || detail.contains("unable to write")
            || detail.contains("write error")
        {
            return Failure(.inputOutput, "\(path): \(detail)")
        }
        return Failure(
            .badInput,
            detail.isEmpty ? "\(path): the picture could not be computed" : detail
        )
    }
}

private func reason() -> String { String(cString: strerror(errno)) }

/// What is removed when the user stops the program in the middle of a file.
package enum Interruption {
    // Read by a signal handler, which can take no lock: written only between jobs, as a whole.
    nonisolated(unsafe) private static var pending: UnsafeMutablePointer<CChar>?

    // Set by a signal handler and by nothing else, once a job asks for it.
    nonisolated(unsafe) private static var isAskedFirst: sig_atomic_t = 0
    nonisolated(unsafe) private static var asked: sig_atomic_t = 0

    /// Whether the user wants a job to stop that stops by itself.
    package static var isRequested: Bool { asked != 0 }

    /// From now on the first signal asks the job at hand to stop; the next one ends the program.
    package static func asksFirst() { isAskedFirst = 1 }

    /// From now on SIGINT, SIGTERM and SIGHUP remove the unfinished file and end the program at once,
    /// with 128 + the signal's number as its exit code.
    package static func install() {
        let handler: @convention(c) (CInt) -> Void = { number in
            if Interruption.isAskedFirst != 0, Interruption.asked == 0 {
                Interruption.asked = 1
                return
            }
            if let path = Interruption.pending { unlink(path) }
            _exit(128 + number)
        }
        var mask = sigset_t()
        sigemptyset(&mask)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number, handler)
            sigaddset(&mask, number)
        }
        // Whoever started the program may have held them back.
        sigprocmask(SIG_UNBLOCK, &mask, nil)
        // A closed pipe is an error of the write, not the end of the program.
        signal(SIGPIPE, SIG_IGN)
    }

    static func willWrite(_ path: String) { pending = strdup(path) }

    static func hasWritten() {
        let path = pending
        pending = nil
        free(path)
    }
}
