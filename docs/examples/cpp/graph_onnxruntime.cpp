#include <onnxruntime_cxx_api.h>

#include "graph.hpp"

struct Graph::Parts {
    Ort::Session session{nullptr};
    std::vector<std::string> inputs, outputs;
};

static Ort::Env& environment() {
    static Ort::Env env(ORT_LOGGING_LEVEL_WARNING, "track");
    return env;
}

Graph::Graph(const std::string& path, int threads) : parts(std::make_unique<Parts>()) {
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(threads);
    parts->session = Ort::Session(environment(), path.c_str(), options);
    Ort::AllocatorWithDefaultOptions allocator;
    for (size_t i = 0; i < parts->session.GetInputCount(); ++i)
        parts->inputs.push_back(parts->session.GetInputNameAllocated(i, allocator).get());
    for (size_t i = 0; i < parts->session.GetOutputCount(); ++i)
        parts->outputs.push_back(parts->session.GetOutputNameAllocated(i, allocator).get());
}

Graph::Graph(Graph&&) noexcept = default;
Graph::~Graph() = default;

static Ort::Value to_value(const Array& array) {
    const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    const Shape& shape = array.shape;
    if (!array.bytes.empty())
        return Ort::Value::CreateTensor<uint8_t>(
            memory, const_cast<uint8_t*>(array.bytes.data()), array.bytes.size(), shape.data(), shape.size());
    return Ort::Value::CreateTensor<float>(
        memory, const_cast<float*>(array.values.data()), array.values.size(), shape.data(), shape.size());
}

Arrays Graph::run(const Arrays& inputs) {
    std::vector<const char*> input_names, output_names;
    std::vector<Ort::Value> values;
    for (const auto& name : parts->inputs) {
        input_names.push_back(name.c_str());
        values.push_back(to_value(inputs.at(name)));
    }
    for (const auto& name : parts->outputs) output_names.push_back(name.c_str());
    const auto results = parts->session.Run(
        {}, input_names.data(), values.data(), values.size(), output_names.data(), output_names.size());
    Arrays outputs;
    for (size_t i = 0; i < results.size(); ++i) {
        const auto info = results[i].GetTensorTypeAndShapeInfo();
        const float* data = results[i].GetTensorData<float>();
        outputs[parts->outputs[i]] = array(info.GetShape(), {data, data + info.GetElementCount()});
    }
    return outputs;
}
