// Follows a target in a video: prints its box in every frame as CSV. See README.md.

#include <cstdio>
#include <iostream>
#include <opencv2/videoio.hpp>

#include "dimp.hpp"

static const char* USAGE = "usage: track FOLDER VIDEO X,Y,W,H [--threads N]\n"
                           "  FOLDER   of graphs, from: pytracking export dimp_ncep_mobile --out FOLDER\n"
                           "  VIDEO    a video, or numbered pictures as frames/%05d.png\n"
                           "  X,Y,W,H  box in the first frame: left, top, width, height in pixels\n";

static void print(int frame, const TrackOutput& found) {
    static const char* words[] = {"tracking", "uncertain", "lost"};
    const Box& box = found.box;
    std::printf("%d,%.4f,%.4f,%.4f,%.4f,%.4f,%s\n", frame, box.x, box.y, box.width, box.height, found.score,
                words[int(found.state)]);
    std::fflush(stdout);
}

static void track(const std::string& folder, const std::string& video, const Box& box, int threads) {
    DiMP tracker(folder, threads);
    cv::VideoCapture source(video);
    cv::Mat picture, frame;
    if (!source.read(picture)) throw std::runtime_error(video + " cannot be read: expected a video");
    if ((box & Box(0, 0, picture.cols, picture.rows)).empty()) throw std::runtime_error("the box lies outside the frame");
    cv::cvtColor(picture, frame, cv::COLOR_BGR2RGB);
    tracker.initialize(frame, box);
    std::puts("frame,x,y,w,h,score,state");
    print(0, {box, 1, State::tracking});
    for (int number = 1; source.read(picture); ++number) {
        cv::cvtColor(picture, frame, cv::COLOR_BGR2RGB);
        print(number, tracker.track(frame));
    }
}

int main(int count, char** words) {
    Box box;
    int threads = 0;  // the runtime's choice
    const bool given = count == 4 || (count == 6 && std::string(words[4]) == "--threads" && (threads = std::atoi(words[5])) > 0);
    if (!given || std::sscanf(words[3], "%lf,%lf,%lf,%lf", &box.x, &box.y, &box.width, &box.height) != 4 ||
        !(box.width > 0 && box.height > 0)) {
        std::cerr << USAGE;
        return 2;
    }
    try {
        track(words[1], words[2], box, threads);
    } catch (const std::exception& error) {
        std::cerr << "track: " << error.what() << "\n";
        return 1;
    }
    return 0;
}
