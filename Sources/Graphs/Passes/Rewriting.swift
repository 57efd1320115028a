internal import Tensors

/// A graph while a pass rewrites it, with who makes and who reads each value.
///
/// Nodes keep their places until the end; those of removed nodes stay empty.
struct Rewriting {
    private var graph: Graph
    private(set) var nodes: [Graph.Node?]
    /// The types of all values, as they were at the beginning.
    private(set) var types: [Graph.ValueID: ValueType]
    private var makers: [Graph.ValueID: Int] = [:]
    private var readers: [Graph.ValueID: [Int]] = [:]

    init(_ graph: Graph) throws(GraphError) {
        self.graph = graph
        types = try graph.inferTypes()
        nodes = graph.nodes
        for index in nodes.indices { enter(index) }
    }

    /// The graph with what is left, without what nobody needs.
    var result: Graph {
        var result = graph
        result.nodes = nodes.compactMap(\.self)
        result.removeDeadNodes()
        return result
    }

    // MARK: Asking

    /// The place of the node that computes a value.
    func maker(of value: Graph.ValueID?) -> Int? { value.flatMap { makers[$0] } }

    /// The node that computes a value.
    func makingNode(of value: Graph.ValueID?) -> Graph.Node? {
        maker(of: value).flatMap { nodes[$0] }
    }

    /// The places of the nodes that read a value, once for each time they do.
    func readers(of value: Graph.ValueID) -> [Int] { readers[value] ?? [] }

    /// The place of the node that alone reads a value, once; outputs of the graph have others.
    func onlyReader(of value: Graph.ValueID) -> Int? {
        let readers = readers(of: value)
        return readers.count == 1 && !isOutput(value) ? readers[0] : nil
    }

    func isOutput(_ value: Graph.ValueID) -> Bool { graph.outputs.contains(value) }

    func constant(_ value: Graph.ValueID?) -> Tensor? { value.flatMap { graph.constants[$0] } }

    func shape(_ value: Graph.ValueID?) -> [Dimension]? { value.flatMap { types[$0]?.shape } }

    func name(of value: Graph.ValueID) -> String { graph.values[value].name }

    /// What is known of the inputs of a node.
    func inputTypes(_ node: Graph.Node) -> [ValueType?] {
        node.inputs.map { input in input.flatMap { types[$0] } }
    }

    // MARK: Changing

    /// Puts another node in a place, or none.
    mutating func replace(_ index: Int, with node: Graph.Node?) {
        leave(index)
        nodes[index] = node
        enter(index)
    }

    mutating func addConstant(_ name: String, _ tensor: Tensor) -> Graph.ValueID {
        let value = graph.addConstant(name, tensor)
        types[value] = ValueType(of: tensor)
        return value
    }

    /// Puts one operator in the place of every node at which `find` sees several end that do its work,
    /// with what the first of them reads.
    mutating func recognise(
        _ find: (Rewriting, Int) -> (source: Graph.ValueID, operation: any Operator)?
    ) {
        for index in nodes.indices {
            guard var node = nodes[index], let (source, operation) = find(self, index) else {
                continue
            }
            node.operation = operation
            node.inputs = [source]
            replace(index, with: node)
        }
    }

    /// Takes away a node that puts out what it reads, its readers then read `source`.
    ///
    /// Does nothing where the graph itself must put out a value under the name of another.
    mutating func bypass(_ index: Int, from source: Graph.ValueID) {
        guard let node = nodes[index], let value = node.outputs[0] else { return }
        if isOutput(value) {
            guard !isOutput(source), let maker = makers[source] else { return }
            replace(index, with: nil)
            move(readersOf: source, to: value)
            var other = nodes[maker]!
            other.outputs = other.outputs.map { $0 == source ? value : $0 }
            replace(maker, with: other)
        } else {
            replace(index, with: nil)
            move(readersOf: value, to: source)
        }
    }

    private mutating func move(readersOf value: Graph.ValueID, to other: Graph.ValueID) {
        for reader in Set(readers(of: value)) {
            var node = nodes[reader]!
            node.inputs = node.inputs.map { $0 == value ? other : $0 }
            replace(reader, with: node)
        }
    }

    private mutating func enter(_ index: Int) {
        guard let node = nodes[index] else { return }
        for input in node.inputs.compactMap(\.self) { readers[input, default: []].append(index) }
        for output in node.outputs.compactMap(\.self) { makers[output] = index }
    }

    private mutating func leave(_ index: Int) {
        guard let node = nodes[index] else { return }
        for input in node.inputs.compactMap(\.self) { readers[input]?.removeAll { $0 == index } }
        for output in node.outputs.compactMap(\.self) where makers[output] == index {
            makers[output] = nil
        }
    }
}
