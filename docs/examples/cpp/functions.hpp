// The numerical functions of the tracker: pytracking/tracker/dimp/functions.py.
#pragma once

#include <cmath>

#include "crop.hpp"
#include "graph.hpp"
#include "localization.hpp"

inline Array to_array(const Box& box) {
    return array({4}, {float(box.x), float(box.y), float(box.width), float(box.height)});
}

inline Array concatenate(const std::vector<const Array*>& arrays, Shape shape) {
    Array all{std::move(shape), {}, {}};
    for (const auto* each : arrays) all.values.insert(all.values.end(), each->values.begin(), each->values.end());
    return all;
}

// The `number`-th part of an array along its first axis.
inline Array part_of(const Array& all, size_t number) {
    const size_t length = all.values.size() / all.shape[0];
    const auto first = all.values.begin() + number * length;
    return array({all.shape.begin() + 1, all.shape.end()}, {first, first + length});
}

struct RefinedBox {
    Box box;
    double energy;
};

class Functions {
public:
    Functions(const std::string& folder, const BoxLearningParams& params, int threads) : params(params) {
        for (const char* name : {"features", "modulation", "pool", "finetune_step", "filter_init", "filter_step", "classify", "refine"})
            graphs.emplace(name, Graph(folder + "/" + name + ".onnx", threads));
        relative = read_npy(folder + "/candidates_relative.npy");
        log_noise = read_npy(folder + "/candidates_log_noise.npy");
    }

    // sample, map8, map16, box8 and box16 of a crop.
    Arrays extract_features(const cv::Mat& crop) {
        Array bytes{{1, crop.rows, crop.cols, 3}, {}, {crop.datastart, crop.dataend}};
        return run("features", {{"crop", std::move(bytes)}});
    }

    // modulation8 and modulation16.
    Arrays get_iou_modulation(const Arrays& features, const Box& box) {
        Array one = to_array(box);
        one.shape = {1, 4};
        return run("modulation", with(features, {{"box", one}}));
    }

    // By NCE+ on the crops: pytracking/tracker/dimp/modulation_finetuning.py.
    Arrays finetune_modulation(const Arrays& modulation, const std::vector<Arrays>& features, const std::vector<Box>& boxes) {
        const size_t parts = std::min<size_t>(params.num_parts, features.size());
        std::vector<Arrays> pooled;
        for (size_t i = 0; i < features.size(); ++i)
            pooled.push_back(run("pool", with(features[i], {{"boxes", boxes_from_relative(part_of(relative, i), boxes[i])}})));
        std::vector<Arrays> batches(parts);
        for (size_t part = 0; part < parts; ++part) {
            std::vector<Array> logs;
            std::map<std::string, std::vector<const Array*>> chosen;
            for (size_t i = part; i < features.size(); i += parts) {
                logs.push_back(part_of(log_noise, i));
                for (const auto& [name, values] : pooled[i]) chosen[name].push_back(&values);
            }
            for (const auto& each : logs) chosen["log_noise"].push_back(&each);
            for (const auto& [name, arrays] : chosen) {
                Shape shape = {int64_t(arrays.size())};
                shape.insert(shape.end(), arrays[0]->shape.begin(), arrays[0]->shape.end());
                batches[part][name] = concatenate(arrays, shape);
            }
        }
        Arrays state;  // Adam's
        for (const char* kind : {"changes", "means", "squares"})
            for (const char* stride : {"8", "16"}) {
                Array zeros = modulation.at(std::string("modulation") + stride);
                std::fill(zeros.values.begin(), zeros.values.end(), 0.0f);
                state[std::string(kind) + stride] = zeros;
            }
        for (int number = 1; number <= params.num_iter; ++number) {
            Arrays inputs = with(with(batches[(number - 1) % parts], modulation), state);
            inputs["step"] = array({}, {float(number)});
            const Arrays after = run("finetune_step", inputs);
            for (auto& [name, values] : state) values = after.at("new_" + name);
        }
        Arrays learned = modulation;
        for (const char* stride : {"8", "16"}) {
            auto& values = learned[std::string("modulation") + stride].values;
            const auto& changes = state[std::string("changes") + stride].values;
            for (size_t i = 0; i < values.size(); ++i) values[i] *= 1 + float(params.weight) * changes[i];
        }
        return learned;
    }

    // memory: samples, boxes and weights.
    Array learn_filter(const Arrays& memory, int steps) {
        return update_filter(run("filter_init", memory).at("filter"), memory, steps);
    }

    Array update_filter(Array filter, const Arrays& memory, int steps) {
        Arrays inputs = memory;
        for (int i = 0; i < steps; ++i) {
            inputs["filter"] = std::move(filter);
            filter = run("filter_step", inputs).at("new_filter");
        }
        return filter;
    }

    // The score maps of two filters.
    std::pair<ScoreMap, ScoreMap> classify_target(const Array& learned, const Array& first, const Arrays& features) {
        Shape shape = learned.shape;
        shape[0] = 2;
        const Array filters = concatenate({&learned, &first}, shape);
        const Array scores = run("classify", {{"filters", filters}, {"sample", features.at("sample")}}).at("scores");
        const int size = int(scores.shape[1]);
        return {{part_of(scores, 0).values, size}, {part_of(scores, 1).values, size}};
    }

    RefinedBox refine_target_box(const Arrays& features, const Arrays& modulation, const Box& box, const Box& first_size) {
        Arrays inputs = with(features, modulation);
        inputs["box"] = to_array(box);
        inputs["first_size"] = array({2}, {float(first_size.width), float(first_size.height)});
        const Arrays found = run("refine", inputs);
        const auto& refined = found.at("new_box").values;
        return {{refined[0], refined[1], refined[2], refined[3]}, found.at("energy").values[0]};
    }

private:
    Arrays run(const std::string& name, const Arrays& inputs) { return graphs.at(name).run(inputs); }

    static Arrays with(Arrays some, const Arrays& others) {
        for (const auto& [name, values] : others) some[name] = values;
        return some;
    }

    // ltr/data/bounding_box_utils.py: box_from_relative.
    static Array boxes_from_relative(Array relative, const Box& box) {
        const Point center = center_of(box);
        for (size_t i = 0; i < relative.values.size(); i += 4) {
            float* v = &relative.values[i];
            const double width = std::exp(v[2]) * box.width, height = std::exp(v[3]) * box.height;
            v[0] = float(center.x + v[0] * box.width - width / 2);
            v[1] = float(center.y + v[1] * box.height - height / 2);
            v[2] = float(width);
            v[3] = float(height);
        }
        return relative;
    }

    BoxLearningParams params;
    std::map<std::string, Graph> graphs;
    Array relative, log_noise;
};
