/// Edits in the order in which they are applied.
public struct EditSet: Sendable, Hashable, Codable {
    public var edits: [Edit]

    public init(_ edits: [Edit]) { self.edits = edits }

    /// What the edits make of the tree; the tree itself stays as it is.
    ///
    /// Each edit sees what those before it left. A file whose every line ends in CRLF keeps that: a line feed in a
    /// search or replace text stands for its line end. Nothing is applied where one edit does not apply.
    ///
    /// - Throws: gate `apply`, with the place and the nearest text; `no-change` where an edit or all of them do nothing.
    ///   An error of the tree's own reading is the gate `repository`.
    public func applied(to tree: some SourceTree, limits: EditLimits = EditLimits()) throws(GateFailure) -> Change {
        guard !edits.isEmpty else { throw GateFailure(.noChange, "there is no edit; give at least one") }
        guard edits.count <= limits.edits else {
            throw GateFailure(.apply, "there are \(edits.count) edits; at most \(limits.edits) are taken")
        }
        var workspace = EditWorkspace(tree: tree, limits: limits)
        for (index, edit) in edits.enumerated() {
            try workspace.apply(edit, "edit \(index + 1) of \(edits.count)")
        }
        let change = workspace.change
        guard !change.isEmpty else {
            throw GateFailure(.noChange, "the edits together leave every file as it was")
        }
        return change
    }
}

/// The files that edits have touched so far.
private struct EditWorkspace<Tree: SourceTree> {
    let tree: Tree
    let limits: EditLimits
    /// By normalised path.
    private var files: [String: FileText] = [:]

    private struct FileText {
        var path: RelativePath
        var before: String?
        var after: [UInt8]
    }

    init(tree: Tree, limits: EditLimits) {
        self.tree = tree
        self.limits = limits
    }

    var change: Change {
        Change(
            files.values.map { file in
                FileChange(
                    path: file.path.description, before: file.before, after: String(decoding: file.after, as: UTF8.self)
                )
            })
    }

    mutating func apply(_ edit: Edit, _ which: String) throws(GateFailure) {
        let path: RelativePath
        do { path = try RelativePath(edit.path) } catch {
            throw GateFailure(.apply, "\(which): \(error.text)")
        }
        let place = "\(which), \(path)"
        guard edit.search.utf8.count + edit.replace.utf8.count <= limits.editBytesMax else {
            throw GateFailure(.apply, "\(place): the edit has more than \(limits.editBytesMax) bytes")
        }
        guard !edit.replace.utf8.contains(0) else { throw GateFailure(.apply, "\(place): the new text is binary") }
        guard !edit.search.utf8.elementsEqual(edit.replace.utf8) || edit.search.isEmpty else {
            throw GateFailure(.noChange, "\(place): the edit replaces a text by the same text")
        }
        var file: FileText
        if let known = files[path.description] {
            guard known.path.description.utf8.elementsEqual(path.description.utf8) else {
                throw GateFailure(.apply, "\(place): the path differs from another edit's only by its encoding")
            }
            file = known
            guard !edit.search.isEmpty else { throw exists(place) }
            file.after = try replaced(edit, in: known.after, place)
        } else if edit.search.isEmpty {
            try checkIsNew(path, place)
            file = FileText(path: path, before: nil, after: Array(edit.replace.utf8))
        } else {
            let text = try read(path, place)
            file = FileText(path: path, before: text, after: try replaced(edit, in: Array(text.utf8), place))
        }
        files[path.description] = file
        try checkSizes(file.after.count, place)
    }

    private func exists(_ place: String) -> GateFailure {
        GateFailure(
            .apply, "\(place): the file exists; an empty search makes a new file only, so name the text to replace")
    }

    private func checkSizes(_ count: Int, _ place: String) throws(GateFailure) {
        guard count <= limits.fileBytesMax else {
            throw GateFailure(.apply, "\(place): the file would have more than \(limits.fileBytesMax) bytes")
        }
        guard files.values.reduce(0, { $0 + $1.after.count }) <= limits.totalBytesMax else {
            throw GateFailure(.apply, "\(place): the changed files would have more than \(limits.totalBytesMax) bytes")
        }
    }

    private func entry(_ path: String, _ place: String) throws(GateFailure) -> TreeEntry {
        do { return try tree.entry(at: path) } catch {
            throw GateFailure(.repository, "\(place): the worktree cannot be read: \(error)")
        }
    }

    /// The folders above a path are folders, or not there yet.
    private func checkFolders(_ path: RelativePath, _ place: String) throws(GateFailure) {
        for folder in path.folders {
            if files[folder] != nil { throw GateFailure(.apply, "\(place): \(folder) is a file, not a folder") }
            switch try entry(folder, place) {
            case .folder: continue
            case .absent: return
            case .link(let target): throw link(folder, target, place)
            case .file, .tooLarge, .special: throw GateFailure(.apply, "\(place): \(folder) is not a folder")
            }
        }
    }

    private func link(_ path: String, _ target: String, _ place: String) -> GateFailure {
        GateFailure(
            .apply,
            "\(place): \(path) is a symbolic link to \(excerpt(target)); links are not followed: edit a file where it is"
        )
    }

    private func checkIsNew(_ path: RelativePath, _ place: String) throws(GateFailure) {
        try checkFolders(path, place)
        switch try entry(path.description, place) {
        case .absent: break
        case .link(let target): throw link(path.description, target, place)
        case .folder: throw GateFailure(.apply, "\(place): a folder has this name")
        case .file, .tooLarge, .special: throw exists(place)
        }
        let below = path.description + "/"
        if let inside = files.keys.first(where: { $0.hasPrefix(below) }) {
            throw GateFailure(.apply, "\(place): another edit made \(inside), so this is a folder")
        }
    }

    private func read(_ path: RelativePath, _ place: String) throws(GateFailure) -> String {
        try checkFolders(path, place)
        switch try entry(path.description, place) {
        case .file(let bytes):
            guard bytes.count <= limits.fileBytesMax else {
                throw GateFailure(.apply, "\(place): the file has more than \(limits.fileBytesMax) bytes")
            }
            guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
                throw GateFailure(.apply, "\(place): the file is binary, not UTF-8 text")
            }
            return text
        case .absent:
            throw GateFailure(.apply, "\(place): there is no such file; an empty search makes a new one")
        case .link(let target): throw link(path.description, target, place)
        case .folder: throw GateFailure(.apply, "\(place): this is a folder")
        case .special: throw GateFailure(.apply, "\(place): this is not a regular file")
        case .tooLarge(let bytes):
            throw GateFailure(.apply, "\(place): the file has \(bytes) bytes, more than \(limits.fileBytesMax)")
        }
    }

    private func replaced(_ edit: Edit, in text: [UInt8], _ place: String) throws(GateFailure) -> [UInt8] {
        let keepsCRLF = LineEnds.areAllCRLF(text)
        let search = keepsCRLF ? LineEnds.toCRLF(Array(edit.search.utf8)) : Array(edit.search.utf8)
        let replace = keepsCRLF ? LineEnds.toCRLF(Array(edit.replace.utf8)) : Array(edit.replace.utf8)
        let found = ByteSearch.all(search, in: text, max: 6)
        guard let at = found.first else {
            throw NearestText(search, in: text).failure(place, path: edit.path)
        }
        guard found.count == 1 else {
            let lines = found.map { offset in String(text[..<offset].count { $0 == UInt8(ascii: "\n") } + 1) }
            throw GateFailure(
                .apply,
                "\(place): the search text occurs \(found.count > 5 ? "more than 5" : String(found.count)) times, "
                    + "at the lines \(listed(lines)); it must occur once: take in more of its surroundings")
        }
        return text[..<at] + replace + text[(at + search.count)...]
    }
}
