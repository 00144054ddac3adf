#include <openvino/openvino.hpp>

#include "graph.hpp"

struct Graph::Parts {
    ov::InferRequest request;
    std::vector<ov::Output<const ov::Node>> inputs, outputs;
};

Graph::Graph(const std::string& path, int threads) : parts(std::make_unique<Parts>()) {
    static ov::Core core;
    auto model = core.compile_model(
        path, "CPU", ov::hint::inference_precision(ov::element::f32), ov::inference_num_threads(threads),
        ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY));
    parts->request = model.create_infer_request();
    parts->inputs = model.inputs();
    parts->outputs = model.outputs();
}

Graph::Graph(Graph&&) noexcept = default;
Graph::~Graph() = default;

Arrays Graph::run(const Arrays& inputs) {
    for (const auto& input : parts->inputs) {
        const Array& array = inputs.at(input.get_any_name());
        const ov::Shape shape(array.shape.begin(), array.shape.end());
        if (array.bytes.empty())
            parts->request.set_tensor(input, {ov::element::f32, shape, const_cast<float*>(array.values.data())});
        else
            parts->request.set_tensor(input, {ov::element::u8, shape, const_cast<uint8_t*>(array.bytes.data())});
    }
    parts->request.infer();
    Arrays outputs;
    for (const auto& output : parts->outputs) {
        const auto tensor = parts->request.get_tensor(output);
        const auto shape = tensor.get_shape();
        const float* data = tensor.data<float>();
        for (const auto& name : output.get_names())
            outputs[name] = array({shape.begin(), shape.end()}, {data, data + tensor.get_size()});
    }
    return outputs;
}
