// manifest.json: pytracking/parameter/dimp/base.py. OpenCV reads JSON.
#pragma once

#include <opencv2/core.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "array.hpp"

class Node {
public:
    explicit Node(cv::FileNode node, std::string name = "manifest.json") : node(node), name(std::move(name)) {}

    Node operator[](const std::string& key) const {
        const cv::FileNode found = node[key];
        if (found.empty()) throw std::runtime_error(name + ": " + key + " is missing");
        return Node(found, name + ": " + key);
    }
    operator double() const { return static_cast<double>(node); }
    operator std::string() const { return static_cast<std::string>(node); }
    bool has(const std::string& key) const { return node[key].isMap(); }
    std::vector<double> numbers() const {
        std::vector<double> found;
        for (const auto& each : node) found.push_back(static_cast<double>(each));
        return found;
    }
    std::vector<cv::Point2d> points() const {
        std::vector<cv::Point2d> found;
        for (const auto& each : node) found.emplace_back(static_cast<double>(each[0]), static_cast<double>(each[1]));
        return found;
    }

private:
    cv::FileNode node;
    std::string name;
};

struct CropSettings {
    double search_area, max_shrink;
    int crop_side;
    std::string crop_mode;
    static constexpr int stride = 16;  // crop pixels per cell of the score map
};

struct LocalizationParams {
    double not_found_threshold, uncertain_threshold, far_threshold, found_again_threshold, distractor_ratio, swap_ratio,
        swap_margin, hard_negative_ratio, neighborhood_scale, displacement_scale, recognition_rate;
    int probation_after, probation_frames;
};

struct MemoryParams {
    int size;
    double learning_rate, hard_negative_learning_rate, init_samples_minimum_weight;
    int train_skipping, init_iter, update_iter, hard_negative_iter;
};

struct AugmentationParams {
    std::vector<cv::Point2d> shifts, crop_shifts;
    std::vector<double> rotations, scales;
    std::vector<cv::Point2d> blurs;
    bool flip;
};

struct BoxLearningParams {
    int num_iter, num_parts;
    double weight;
};

struct Calibration {
    bool known = false;
    double agreement, energy, bias, rate, lost_below, uncertain_below;
};

struct Manifest {
    CropSettings settings;
    LocalizationParams localization;
    MemoryParams memory;
    AugmentationParams augmentation;
    BoxLearningParams box_learning;
    Calibration calibration;
    double min_target_size, max_outside;
    bool refine_when_uncertain;

    explicit Manifest(const std::string& folder) {
        const std::string path = folder + "/manifest.json";
        std::string text = read_file(path);
        const std::string null = ": null";  // which OpenCV 4 cannot read
        for (size_t at = 0; (at = text.find(null, at)) != text.npos;) text.replace(at, null.size(), ": 0");
        constexpr int flags = cv::FileStorage::READ | cv::FileStorage::MEMORY | cv::FileStorage::FORMAT_JSON;
        const cv::FileStorage file(text, flags);
        const Node all(file.root(), path), s = all["settings"], params = all["params"];
        const Node l = params["localization"], m = params["memory"], a = params["augmentation"], b = params["box_learning"];
        settings = {s["search_area"], s["max_shrink"], integer(s["crop_side"]), s["crop_mode"]};
        localization = {l["not_found_threshold"], l["uncertain_threshold"], l["far_threshold"],
                        l["found_again_threshold"], l["distractor_ratio"], l["swap_ratio"], l["swap_margin"],
                        l["hard_negative_ratio"], l["neighborhood_scale"], l["displacement_scale"],
                        l["recognition_rate"], integer(l["probation_after"]), integer(l["probation_frames"])};
        memory = {integer(m["size"]), m["learning_rate"], m["hard_negative_learning_rate"],
                  m["init_samples_minimum_weight"], integer(m["train_skipping"]), integer(m["init_iter"]),
                  integer(m["update_iter"]), integer(m["hard_negative_iter"])};
        augmentation = {a["shifts"].points(), a["crop_shifts"].points(), a["rotations"].numbers(),
                        a["scales"].numbers(), a["blurs"].points(), integer(a["flip"]) != 0};
        box_learning = {integer(b["num_iter"]), integer(b["num_parts"]), b["weight"]};
        min_target_size = params["min_target_size"];
        max_outside = params["max_outside"];
        refine_when_uncertain = integer(params["refinement"]["when_uncertain"]) != 0;
        if (all.has("calibration")) {
            const Node c = all["calibration"];
            calibration = {true, c["agreement"], c["energy"], c["bias"], c["rate"], c["lost_below"], c["uncertain_below"]};
        }
        if (integer(l["window"])) throw std::runtime_error(path + ": the parameter localization.window is not supported");
    }

private:
    static int integer(const Node& node) { return int(double(node)); }
};
