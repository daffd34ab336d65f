// Prints the text of an image, sent by net/http as a form, as JSON, and as a raw binary request.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"strconv"
)

func main() {
	base, file := os.Args[1], os.Args[2]
	content, err := os.ReadFile(file)
	check(err)

	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	part, err := writer.CreateFormFile("file", file)
	check(err)
	_, err = part.Write(content)
	check(err)
	check(writer.Close())
	fmt.Println(string(post(base+"/gateway/ocr", &form, writer.FormDataContentType(), "Accept", "text/plain")))

	encoded, err := json.Marshal(map[string]any{"inputs": []any{map[string]any{
		"name": "input-0", "datatype": "BYTES", "shape": []int{1}, "data": []any{content}, // base64
	}}})
	check(err)
	var answer struct {
		Outputs []struct{ Data []string }
	}
	infer := base + "/v2/models/ocr-model/infer"
	check(json.Unmarshal(post(infer, bytes.NewReader(encoded), "application/json", "", ""), &answer))
	fmt.Println(answer.Outputs[0].Data[0])

	const length = "Inference-Header-Content-Length"
	fmt.Println(string(post(infer, bytes.NewReader(content), "application/octet-stream", length, "0")))
}

func post(url string, body io.Reader, kind, name, value string) []byte {
	request, err := http.NewRequest("POST", url, body)
	check(err)
	request.Header.Set("Content-Type", kind)
	if name != "" {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	check(err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	check(err)
	if response.StatusCode != http.StatusOK {
		check(fmt.Errorf("%s: %s", response.Status, content))
	}
	if header := response.Header.Get("Inference-Header-Content-Length"); header != "" {
		size, err := strconv.Atoi(header)
		check(err)
		return content[size+4:] // the one element after its length
	}
	return content
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
