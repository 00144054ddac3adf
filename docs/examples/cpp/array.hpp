// Arrays, and NumPy's files of them.
#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

using Shape = std::vector<int64_t>;

// Float32 values, or bytes.
struct Array {
    Shape shape;
    std::vector<float> values;
    std::vector<uint8_t> bytes;
};

using Arrays = std::map<std::string, Array>;

inline Array array(Shape shape, std::vector<float> values) { return {std::move(shape), std::move(values), {}}; }

inline std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error(path + " cannot be read: expected a folder that pytracking export wrote");
    return {std::istreambuf_iterator<char>(file), {}};
}

// A .npy file of float32 values.
inline Array read_npy(const std::string& path) {
    const std::string file = read_file(path);
    if (file.size() < 10 || file.compare(1, 5, "NUMPY") || file[6] != 1) throw std::runtime_error(path + ": no .npy file");
    const size_t start = 10 + uint8_t(file[8]) + 256 * uint8_t(file[9]);
    const std::string header = file.substr(10, start - 10);
    if (header.find("'<f4'") == header.npos || header.find("False") == header.npos)
        throw std::runtime_error(path + ": expected float32 values in C order");
    Array found;
    for (size_t at = header.find('(') + 1; header[at] != ')';) {
        if (isdigit(header[at])) {
            size_t length = 0;
            found.shape.push_back(std::stoll(header.substr(at), &length));
            at += length;
        } else {
            ++at;
        }
    }
    const auto* data = reinterpret_cast<const float*>(file.data() + start);
    found.values.assign(data, data + (file.size() - start) / sizeof(float));
    return found;
}
