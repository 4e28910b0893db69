// The peer for a fixed answer: the body is read whole and not looked at.
//
//	fixed_go PORT
package main

import (
	"io"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	answer := []byte(`{"predictions":[0.64328217],"probabilities":[{"0":0.35671783,"1":0.64328217}]}` + strings.Repeat(" ", 41) + "\n")
	http.HandleFunc("/predict", func(writer http.ResponseWriter, request *http.Request) {
		io.Copy(io.Discard, request.Body)
		writer.Header().Set("Content-Type", "application/json")
		writer.Write(answer)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
