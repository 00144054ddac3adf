// A graph that a runtime executes: graph_onnxruntime.cpp or graph_openvino.cpp.
#pragma once

#include <memory>
#include <string>

#include "array.hpp"

class Graph {
public:
    Graph(const std::string& path, int threads);
    Graph(Graph&&) noexcept;
    ~Graph();

    // The outputs by name.
    Arrays run(const Arrays& inputs);

private:
    struct Parts;
    std::unique_ptr<Parts> parts;
};
